"""Every baseline keeps the promises that all of them make."""

import re
import sys
from pathlib import Path

import pytest

from hswarm.baselines.methods import BASELINES, METHODS, check_method
from hswarm.config import SEARCHES
from hswarm.errors import HswarmError
from hswarm.testing.baselines import BaselineContract

sys.path.insert(0, str(Path(__file__).parent))
from arena import EXPERTS, make_shop, make_trials

PAGE = (Path(__file__).parents[2] / "docs" / "methods.md").read_text()

ON_LANDSCAPE = {
    "best-single": EXPERTS,
    "uniform-soup": 1,
    "greedy-soup": 2 * EXPERTS - 1,
    "prediction-merge": 1,
    "cbtm": 3,
    "lorahub": 40,
    "chain": 20,
    "star": 20,
    "tree": 20,
    "debate": 20,
    "majority-with-judge": 20,
    "gpt-swarm": 100,
    "gpt-swarm-reinforce": 50,
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


def evaluations(said: str) -> int:
    """Work out "2n − 1" of as many agents as there are here."""
    times, more = re.fullmatch(r"(?:(\d*)n)?(?: ?([+−]? ?\d+))?", said).groups()
    agents = 0 if times is None else int(times or 1)
    return agents * EXPERTS + int((more or "0").replace(" ", "").replace("−", "-"))


@pytest.mark.parametrize(("method", "most"), (ON_LANDSCAPE | IN_WORKSHOP).items())
def test_what_a_method_costs_is_as_it_says(method, most):
    said = evaluations(BASELINES[method].evaluations)
    assert min(said, most) == most
    assert said == most or method == "cbtm"  # which has one vote less of four experts


def test_the_page_lists_every_method():
    rows = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("| `")]
    listed = {row[0].strip("`"): tuple(row[1:]) for row in rows if len(row) == 5}

    assert listed == {
        name: (b.kind, b.evaluations, b.about, ", ".join(b.needs) or "–")
        for name, b in BASELINES.items()
    }
    assert all(f"`{search}`" in PAGE for search in SEARCHES)


def test_every_method_is_a_module_that_says_what_it_does():
    for name, baseline in BASELINES.items():
        module = name.replace("-", "_")
        assert baseline.choose.__module__ == f"hswarm.baselines.{module}"
        said = " ".join(sys.modules[baseline.choose.__module__].__doc__.split())
        assert "Searched: " in said
        assert "Evaluations: " in said


def test_a_method_has_one_name():
    assert not set(BASELINES) & set(SEARCHES)
    assert len(set(METHODS)) == len(METHODS) == len(BASELINES) + len(SEARCHES)


def test_the_nearest_method_is_named():
    with pytest.raises(HswarmError, match="'gready-soup'") as refused:
        check_method("gready-soup")
    assert "greedy-soup" in refused.value.hint
