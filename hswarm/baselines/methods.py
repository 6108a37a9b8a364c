"""The baselines by name. A new one is a module and an entry here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hswarm.baselines.agent_prune import agent_prune
from hswarm.baselines.best_single import best_single
from hswarm.baselines.gnn import gnn
from hswarm.baselines.gpt_swarm import gpt_swarm, gpt_swarm_reinforce
from hswarm.baselines.merges import merge_dare_ties, merge_model_stock, merge_slerp
from hswarm.baselines.meta_agent import meta_agent
from hswarm.baselines.soups import greedy_soup, uniform_soup
from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials
from hswarm.catalog import unknown
from hswarm.config import SEARCHES

Kind = Literal["trivial", "static weight", "dynamic weight", "static role", "dynamic role"]
"""The papers' kinds: what is chosen, and whether the task's utility has a say in it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A method beside the searches: how it chooses a system, and in a line what it does."""

    kind: Kind
    choose: Callable[[Trials], Awaitable[None]]
    about: str


BASELINES: Final[Mapping[str, Baseline]] = {
    "best-single": Baseline("trivial", best_single, "the one model that does best alone"),
    "uniform-soup": Baseline("static weight", uniform_soup, "the mean of all experts"),
    "slerp": Baseline("static weight", merge_slerp, "the arc between the best two, half-way"),
    "dare-ties": Baseline(
        "static weight", merge_dare_ties, "the best two to five, thinned, where signs agree"
    ),
    "model-stock": Baseline(
        "static weight", merge_model_stock, "the best three to five, drawn to the base"
    ),
    "greedy-soup": Baseline(
        "dynamic weight", greedy_soup, "the mean of those that improve it, best first"
    ),
    "chain": Baseline("static role", static_role("chain"), "one after the other"),
    "star": Baseline("static role", static_role("star"), "one, then all, then one"),
    "tree": Baseline("static role", static_role("tree"), "each reads two"),
    "debate": Baseline("static role", static_role("debate"), "layers that read each other"),
    "majority-with-judge": Baseline(
        "static role", static_role("jury"), "all by themselves, then a judge"
    ),
    "gpt-swarm": Baseline("dynamic role", gpt_swarm, "matrices drawn to those of good graphs"),
    "gpt-swarm-reinforce": Baseline(
        "dynamic role", gpt_swarm_reinforce, "a learned probability for every edge"
    ),
    "meta-agent": Baseline("dynamic role", meta_agent, "a model designs the graph"),
    "agent-prune": Baseline("dynamic role", agent_prune, "random graphs, with edges cut"),
    "gnn": Baseline("dynamic role", gnn, "a network predicts which edges help"),
}

METHODS: Final[tuple[str, ...]] = (*BASELINES, *reversed(SEARCHES))
"""Every method there is, those that search with swarms last."""


def check_method(name: str) -> None:
    """Raise HswarmError, with the nearest names, if there is no method called `name`."""
    if name not in METHODS:
        raise unknown("method", name, METHODS)
