"""Sums are found in prose and worked out; what is no sum, or a trap, is left alone."""

import asyncio
import operator
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.engines.tools.calculator import calculate, work_out
from hswarm.engines.tools.given import Given


@pytest.mark.parametrize(
    ("text", "sums"),
    [
        ("What is 12 * (3 + 4)?", ["12 * (3 + 4) = 84"]),
        ("First 2+2, then 7 − 10.", ["2 + 2 = 4", "7 - 10 = -3"]),
        ("48 / 2 = 25, so it is wrong", ["48 / 2 = 24"]),
        ("1,250 × 2 and 10 ÷ 4", ["1,250 * 2 = 2500", "10 / 4 = 2.5"]),
        ("2^3^2", ["2^3^2 = 512"]),
        ("-2 ** 2", ["-2^2 = -4"]),
        ("2 * -3", ["2 * -3 = -6"]),
        ("1 - 2 - 3", ["1 - 2 - 3 = -4"]),
        ("8 / 4 / 2", ["8 / 4 / 2 = 1"]),
        ("1 / 3", ["1 / 3 = 0.333333333333"]),
        ("0.1 + 0.2", ["0.1 + 0.2 = 0.3"]),
        ("(3 + 4", ["3 + 4 = 7"]),
        ("3 + 4 - and so on", ["3 + 4 = 7"]),
        ("5 / 0", ["5 / 0 is not defined"]),
        ("0 ^ -1 or 1+1", ["0^-1 is not defined", "1 + 1 = 2"]),
        ("2 3 + 4", ["3 + 4 = 7"]),
        ("There are 12 of them.", []),
        ("x + y, () and __import__('os').system('true')", []),
        ("", []),
    ],
)
def test_sums_are_found_and_worked_out(text, sums):
    assert work_out(text) == sums


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9 ** 9",
        "(" * 5_000 + "1 + 1" + ")" * 5_000,
        "-" * 5_000 + "1 + 1",
        " * ".join(["999999999999"] * 2_000),
        "9" * 10_000 + " + 1",
        "1 + " * 5_000,
        "2 ^ (2 ^ (2 ^ (2 ^ (2 ^ 40))))",
        "7 ** 7 ** 7 ** 7 + " * 500,
    ],
)
def test_traps_take_no_time(text):
    started = time.process_time()
    sums = work_out(text)
    assert time.process_time() - started < 5.0  # without a limit: minutes, or for ever
    assert all(len(line) < 25_000 for line in sums)


NUMBERS = st.integers(0, 10**6).map(str)
SUMS = st.recursive(
    NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(" ".join)
        | inner.map(lambda text: f"({text})")
        | inner.map(lambda text: f"-({text})")
    ),
    max_leaves=8,
)
OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul}


def reference(text):
    """Python's own reading of a sum, by its parser; nothing is executed."""
    import ast

    def value(node):
        match node:
            case ast.Expression(body):
                return value(body)
            case ast.Constant(number):
                return number
            case ast.UnaryOp(ast.USub(), operand):
                return -value(operand)
            case ast.BinOp(left, ast.Add(), right):
                return value(left) + value(right)
            case ast.BinOp(left, ast.Sub(), right):
                return value(left) - value(right)
            case ast.BinOp(left, ast.Mult(), right):
                return value(left) * value(right)
        raise AssertionError(node)

    return value(ast.parse(text, mode="eval"))


@given(SUMS.filter(lambda text: any(f" {sign} " in text for sign in "+-*")))
@settings(max_examples=200, deadline=None)
def test_a_sum_has_the_value_that_python_reads_in_it(text):
    [line] = work_out(text)
    assert line.rpartition(" = ")[2] == str(reference(text))


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_can_be_read(text):
    assert isinstance(work_out(text), list)


def ask(question, *responses):
    return asyncio.run(calculate(Given(question, "", responses)))


def test_parents_come_before_the_question():
    assert ask("1 + 1?") == "1 + 1 = 2"
    assert ask("1 + 1?", "no idea") == "1 + 1 = 2"
    assert ask("1 + 1?", "it takes 2 * 3", "and 2*3, then 6 + 1") == "2 * 3 = 6; 6 + 1 = 7"
    assert ask("who?", "Bob") == "There is nothing to work out."
