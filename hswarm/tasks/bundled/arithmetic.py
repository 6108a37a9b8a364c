"""Arithmetic as steps: products of one-digit numbers, and sums and differences digit by digit.

A sum that reaches beyond one digit is said unit by unit first, as one is taught at school:
"9 + 5 = 14. 59 + 5 = 64." What has to be known by heart are two tables of one-digit numbers.
"""

from __future__ import annotations

from hswarm.tasks.bundled.problem import Step


def multiply(a: int, b: int) -> Step:
    """Say the product of two one-digit numbers."""
    return Step("multiply", f"{a} * {b} = {a * b}.")


def add(a: int, b: int) -> Step:
    """Say a + b, where b has one digit."""
    units = a % 10
    worked = f"{units} + {b} = {units + b}. " if a >= 10 else ""
    return Step("add", f"{worked}{a} + {b} = {a + b}.")


def subtract(a: int, b: int) -> Step:
    """Say a − b, where b or the difference has one digit; a ten is borrowed where it must be."""
    units, less = a % 10, b % 10
    if units < less:
        units += 10
    worked = f"{units} - {less} = {units - less}. " if (units, less) != (a, b) else ""
    return Step("add", f"{worked}{a} - {b} = {a - b}.")
