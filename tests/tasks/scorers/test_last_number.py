"""Which number an answer ends with."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.tasks.scorers.last_number import LastNumber, last_number
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract


class TestLastNumber(ScorerContract):
    scorer = LastNumber()
    examples = tuple(
        Example("0", "?", (gold,)) for gold in ("42", "-3", "1,450,000", "3.50", "0", "$5")
    )


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("42", "42"),
        ("The answer is 42.", "42"),
        ("9 * 2 = 18. 18 + 17 = 35. The answer is 35.", "35"),
        ("#### 1,234", "1234"),
        ("$1,000.", "1000"),
        ("$1,000.50 in all", "1000.5"),
        ("1,450,000", "1450000"),
        ("1,2", "2"),
        ("12,34", "34"),
        ("3, 4, 5", "5"),
        ("-3", "-3"),
        ("It is -3.", "-3"),
        ("−3 degrees", "-3"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("5-3", "3"),
        ("10 - 3", "3"),
        ("(2)-1", "1"),
        ("pages 5–7", "7"),
        ("3.50", "3.5"),
        (".5", "0.5"),
        ("$.50", "0.5"),
        ("-.5", "-0.5"),
        ("-$.5", "-0.5"),
        ("step.5", "5"),
        ("well...5", "5"),
        ("1.2.3", "3"),
        (".3.5", "3.5"),
        ("1,0000", "0"),
        ("5 apples", "5"),
        ("5kg", "5"),
        ("5 m²", "5"),
        ("60%", "60"),
        ("**7**", "7"),
        ("_7_", "7"),
        (r"\boxed{7}", "7"),
        ("x2", None),
        ("x23", None),
        ("8 cups of H2O", "8"),
        ("Maybe 4, maybe 5", "5"),
        ("１２", "12"),
        ("٣", "3"),
        ("007", "7"),
        ("²", None),
        ("forty-two", None),
        ("unknown", None),
        ("", None),
        ("-", None),
        ("$", None),
    ],
)
def test_reads(answer, number):
    assert last_number(answer) == (None if number is None else Decimal(number))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.booleans())
def test_any_number_is_read_back(number, separated):
    text = f"{number:,f}" if separated else f"{number:f}"
    assert last_number(f"2 + 2 is 4. The answer is {text} apples.") == number


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("36,000", "36000", 1.0),
        ("36000", "$36,000.00", 1.0),
        ("5", "5.0", 1.0),
        ("5", "5.0000000000000000001", 0.0),
        ("5", "55", 0.0),
        ("5", "5, and then 6", 0.0),
        ("-3", "3", 0.0),
    ],
)
def test_compares_by_value(gold, answer, score):
    assert LastNumber()(Example("0", "?", (gold,)), answer) == score


def test_says_what_an_item_lacks():
    assert LastNumber().lacks(Example("0", "?", ())) == "has no answer"
    assert "'ten'" in str(LastNumber().lacks(Example("0", "?", ("ten",))))
    assert LastNumber().lacks(Example("0", "?", ("10",))) is None
