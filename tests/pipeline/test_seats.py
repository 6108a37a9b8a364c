import pytest

from hswarm.errors import HswarmError
from hswarm.pipeline.models import _slugs
from hswarm.pipeline.seats import seat
from hswarm.search.result import Node


def node(agent, **coefficients):
    return Node(agent=agent, coefficients=coefficients, parents=())


def test_equal_rows_share_an_agent():
    seats = seat([node("b", b=1.0), node("mix 3", a=0.5, b=0.5), node("c", b=1.0)], ["a", "b"])

    assert seats.agents == ("b", "mix 3", "b")
    assert seats.rows == {"b": (0.0, 1.0), "mix 3": (0.5, 0.5)}


def test_a_name_that_is_taken_is_numbered():
    seats = seat([node("a", a=1.0), node("a", a=0.5), node("a", a=0.25)], ["a"])

    assert seats.agents == ("a", "a 2", "a 3")


def test_experts_that_there_are_not_are_refused():
    with pytest.raises(HswarmError, match="made of 'c'"):
        seat([node("a", c=1.0)], ["a", "b"])


def test_folders_have_plain_names_of_their_own():
    assert _slugs(["Ann", "ann", "mix 11", "été", "a..", "ß"]) == [
        "Ann", "ann-2", "mix-11", "t", "a", "agent",
    ]  # fmt: skip
