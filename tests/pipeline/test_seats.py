import pytest

from hswarm.agents.opened import OpenPool
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.pipeline.models import _slugs
from hswarm.pipeline.seats import seat
from hswarm.search.result import Node


class Family:
    def __init__(self, fingerprint, *names):
        self.fingerprint, self.names = fingerprint, names


FAR = Endpoint(model="m", base_url="http://127.0.0.1:1/v1")
POOL = OpenPool("pool", (Family("x", "a", "b"), Family("y", "c")), {"far": FAR})


def node(agent, **coefficients):
    return Node(agent=agent, coefficients=coefficients, parents=())


def test_equal_models_share_an_agent():
    found = [node("b", b=1.0), node("mix 3", a=0.5, b=0.5), node("again", b=1.0), node("far")]
    seats = seat([*found, node("c", c=1.0), node("far")], POOL)

    assert seats.agents == ("b", "mix 3", "b", "far", "c", "far")
    assert seats.models == {
        "b": Blend("x", (0.0, 1.0)),
        "mix 3": Blend("x", (0.5, 0.5)),
        "far": FAR.reference,
        "c": Blend("y", (1.0,)),
    }


def test_a_name_that_is_taken_is_numbered():
    seats = seat([node("a", a=1.0), node("a", a=0.5), node("a", a=0.25)], POOL)

    assert seats.agents == ("a", "a 2", "a 3")


def test_who_is_no_blend_keeps_its_name():
    pool = OpenPool("pool", POOL.families, {"a 2": FAR})
    seats = seat([node("a", a=1.0), node("a", a=0.5), node("a 2")], pool)

    assert seats.agents == ("a", "a 3", "a 2")


@pytest.mark.parametrize(
    "strange", [node("a", d=1.0), node("a", a=0.5, c=0.5), node("a", a=0.5, d=0.5), node("near")]
)
def test_who_is_not_in_the_pool_is_refused(strange):
    with pytest.raises(HswarmError, match="which is not in the pool"):
        seat([strange], POOL)


def test_folders_have_plain_names_of_their_own():
    assert _slugs(["Ann", "ann", "mix 11", "été", "a..", "ß"]) == [
        "Ann", "ann-2", "mix-11", "t", "a", "agent",
    ]  # fmt: skip
