"""A calculator that reads: it finds the sums in a text and works them out, exactly.

A text is a text here, never a program: numbers, the four operations, powers and brackets are all
that there is, and what would be huge is not worked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from hswarm.engines.tools.given import Given

_TOKEN: Final = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\*\*|[-+*/^()×÷−·]")
_SAME: Final = {"×": "*", "·": "*", "÷": "/", "−": "-", "^": "**"}
_RANK: Final = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4}
_SIGN_RANK: Final = 3

_READ: Final = 20_000
"""Characters of a text that are looked at."""
_SUMS: Final = 8
"""Sums that are worked out, the last ones."""
_DEPTH: Final = 40
_BITS: Final = 512
"""Of a numerator or denominator."""
_DIGITS: Final = 12
"""Significant digits that are shown of what is not whole."""


async def calculate(given: Given) -> str:
    """Return every sum of the parents' answers, or without any of the question, with its value."""
    found: list[str] = []
    for text in given.responses:
        found += work_out(text)
    sums = list(dict.fromkeys(found or work_out(given.question)))
    return "; ".join(sums[-_SUMS:]) or "There is nothing to work out."


def work_out(text: str) -> list[str]:
    """Return the sums that occur in `text`, as in "(2 + 3) * 4 = 20"."""
    sums = []
    for tokens in _passages(text[:_READ]):
        start = 0
        while start < len(tokens):
            reader = _Reader(tokens, start)
            try:
                value = reader.read()
            except _Unreadable:
                value = None
            except _Undefined as undefined:
                sums.append(f"{_write(tokens[start : reader.place])} {undefined}")
                start = reader.place
                continue
            if value is None or not reader.operations:
                start += 1
                continue
            sums.append(f"{_write(tokens[start : reader.place])} = {_show(value)}")
            start = reader.place
    return sums


class _Unreadable(Exception):  # noqa: N818  (an event, not an error)
    """Here is no sum."""


class _Undefined(Exception):  # noqa: N818  (an event, not an error)
    """Here is a sum that has no value, or none to be had."""


def _passages(text: str) -> Iterator[list[str]]:
    """Yield runs of tokens with nothing but spaces between them."""
    tokens: list[str] = []
    end = 0
    for match in _TOKEN.finditer(text):
        if text[end : match.start()].strip():
            yield tokens
            tokens = []
        tokens.append(_SAME.get(match[0], match[0]))
        end = match.end()
    yield tokens


class _Reader:
    """Reads a sum from the token at `place`, as far as it goes."""

    def __init__(self, tokens: Sequence[str], place: int) -> None:
        self.place = place
        self.operations = 0
        self._tokens = tokens
        self._depth = 0

    def read(self, rank: int = 0) -> Fraction:
        """Return the value of what binds more tightly than `rank`."""
        self._depth += 1
        if self._depth > _DEPTH:
            raise _Unreadable
        value = self._operand()
        while (operator := self._here()) in _RANK and _RANK[operator] > rank:
            before = self.place
            self.place += 1
            try:
                # A power's own operand may hold another: 2^3^2 is 2^9.
                other = self.read(_RANK[operator] - (operator == "**"))
            except _Unreadable:
                self.place = before
                break
            value = _apply(operator, value, other)
            self.operations += 1
        self._depth -= 1
        return value

    def _operand(self) -> Fraction:
        token = self._here()
        self.place += 1
        if token in ("+", "-"):
            value = self.read(_SIGN_RANK)
            return -value if token == "-" else value
        if token == "(":
            value = self.read()
            if self._here() != ")":
                raise _Unreadable
            self.place += 1
            return value
        if not token[:1].isdigit() or len(token) > _BITS // 4:
            raise _Unreadable
        return Fraction(token.replace(",", ""))

    def _here(self) -> str:
        return self._tokens[self.place] if self.place < len(self._tokens) else ""


def _apply(operator: str, one: Fraction, other: Fraction) -> Fraction:
    match operator:
        case "+":
            value = one + other
        case "-":
            value = one - other
        case "*":
            value = one * other
        case "/":
            if not other:
                raise _Undefined("is not defined")
            value = one / other
        case _:
            value = _power(one, other)
    if _bits(value) > _BITS:
        raise _Undefined("is too long to be worked out")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) * _bits(base) > 2 * _BITS:
        raise _Undefined("is too hard to be worked out")
    if not base and exponent < 0:
        raise _Undefined("is not defined")
    return base ** int(exponent)


def _bits(value: Fraction) -> int:
    return max(abs(value.numerator).bit_length(), value.denominator.bit_length())


def _show(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.{_DIGITS}g}"


def _write(tokens: Sequence[str]) -> str:
    """Return a sum as people write it: a space around what joins two operands."""
    text = ""
    for place, token in enumerate(tokens):
        joins = token in _RANK and place > 0 and tokens[place - 1] not in (*_RANK, "(")
        text += f" {token} " if joins else token
    return text.replace(" ** ", "^")
