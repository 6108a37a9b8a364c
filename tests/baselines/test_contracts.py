"""Every baseline keeps the promises that all of them make."""

import sys
from pathlib import Path

import pytest

from hswarm.baselines.methods import BASELINES, METHODS, check_method
from hswarm.config import SEARCHES
from hswarm.errors import HswarmError
from hswarm.testing.baselines import BaselineContract

sys.path.insert(0, str(Path(__file__).parent))
from arena import EXPERTS, make_shop, make_trials

ON_LANDSCAPE = {
    "best-single": EXPERTS,
    "uniform-soup": 1,
    "greedy-soup": 2 * EXPERTS,
    "prediction-merge": 1,
    "cbtm": 3,
    "lorahub": 40,
    "chain": 20,
    "star": 20,
    "tree": 20,
    "debate": 20,
    "majority-with-judge": 20,
    "gpt-swarm": 100,
    "gpt-swarm-reinforce": 100,
    "meta-agent": 20 + EXPERTS,
    "agent-prune": 80,
    "gnn": 80,
}
"""Method -> the evaluations that it takes at most."""


IN_WORKSHOP = {
    "slerp": EXPERTS + 1,
    "dare-ties": EXPERTS + 4,
    "model-stock": EXPERTS + 3,
    "pack-of-llms": 10,
    "evol-merge": EXPERTS + 50,
    "data-merge": 1,
    "sft": EXPERTS + 1,
}
"""Those that make experts, of real ones."""


def contract(method: str, most: int) -> type[BaselineContract]:
    def make(self, seed, limit):
        return (make_shop if method in IN_WORKSHOP else make_trials)(seed=seed, limit=limit)

    title = "".join(word.title() for word in method.split("-"))
    return type(
        f"Test{title}", (BaselineContract,), {"name": method, "most": most, "make_trials": make}
    )


globals().update(
    {c.__name__: c for c in (contract(*pair) for pair in (ON_LANDSCAPE | IN_WORKSHOP).items())}
)


def test_every_baseline_keeps_its_promises():
    by_trl = {"dpo", "ppo"}  # with the tests of what needs other people's programs
    assert set(ON_LANDSCAPE) | set(IN_WORKSHOP) | by_trl == set(BASELINES)


def test_a_method_has_one_name():
    assert not set(BASELINES) & set(SEARCHES)
    assert len(set(METHODS)) == len(METHODS) == len(BASELINES) + len(SEARCHES)


def test_the_nearest_method_is_named():
    with pytest.raises(HswarmError, match="'gready-soup'") as refused:
        check_method("gready-soup")
    assert "greedy-soup" in refused.value.hint
