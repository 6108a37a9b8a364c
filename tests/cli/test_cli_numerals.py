import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hswarm.cli.numerals import (
    BARS,
    show_dollars,
    show_duration,
    show_p_value,
    show_utility,
    sparkline,
)


@pytest.mark.parametrize(
    ("utility", "text"), [(0.5, "0.500"), (None, "–"), (math.nan, "–"), (-math.inf, "–")]
)
def test_utility(utility, text):
    assert show_utility(utility) == text


@pytest.mark.parametrize(
    ("p", "text"), [(0.0499, "0.0499"), (0.0001, "0.0001"), (0.00009, "<0.0001"), (None, "–")]
)
def test_p_value(p, text):
    assert show_p_value(p) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (59.4, "0:59"), (59.6, "1:00"), (3599.6, "1:00:00"), (7325, "2:02:05")],
)
def test_duration(seconds, text):
    assert show_duration(seconds) == text


def test_sparkline_rises_from_the_least_to_the_greatest():
    assert sparkline([0.1, 0.2, 0.8], 10) == "▁▂█"
    assert sparkline([0.1, 0.2, 0.8], 2) == "▁█"
    assert sparkline([-math.inf, 0.3, 0.3], 10) == " ▁▁"
    assert sparkline([], 10) == ""


@example([1.7976931348623157e308, -9.9792015476736e291], 2)
@example([5e-324, 0.0], 2)
@given(st.lists(st.floats(), max_size=50), st.integers(1, 40))
def test_sparkline_is_total_and_keeps_order(numbers, width):
    line = sparkline(numbers, width)
    shown = numbers[-width:]
    assert len(line) == len(shown)
    bars = [
        (number, BARS.index(bar))
        for number, bar in zip(shown, line, strict=True)
        if math.isfinite(number)
    ]
    assert [bar for _, bar in sorted(bars)] == sorted(bar for _, bar in bars)


@pytest.mark.parametrize(
    ("dollars", "shown"),
    [
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.1, "$0.10"),
        (0.0421, "$0.042"),
        (3e-6, "$0.0000030"),
    ],
)
def test_dollars(dollars, shown):
    assert show_dollars(dollars) == shown
