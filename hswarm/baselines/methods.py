"""The baselines by name. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from hswarm.baselines.agent_prune import agent_prune
from hswarm.baselines.best_single import best_single
from hswarm.baselines.gnn import gnn
from hswarm.baselines.gpt_swarm import gpt_swarm, gpt_swarm_reinforce
from hswarm.baselines.meta_agent import meta_agent
from hswarm.baselines.soups import greedy_soup, uniform_soup
from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials
from hswarm.catalog import unknown
from hswarm.config import SEARCHES

Baseline = Callable[[Trials], Awaitable[None]]

BASELINES: Final[Mapping[str, Baseline]] = {
    "best-single": best_single,
    "uniform-soup": uniform_soup,
    "greedy-soup": greedy_soup,
    "chain": static_role("chain"),
    "star": static_role("star"),
    "tree": static_role("tree"),
    "debate": static_role("debate"),
    "majority-with-judge": static_role("jury"),
    "gpt-swarm": gpt_swarm,
    "gpt-swarm-reinforce": gpt_swarm_reinforce,
    "meta-agent": meta_agent,
    "agent-prune": agent_prune,
    "gnn": gnn,
}

METHODS: Final[tuple[str, ...]] = (*BASELINES, *reversed(SEARCHES))
"""Every method there is, those that search with swarms last."""


def check_method(name: str) -> None:
    """Raise HswarmError, with the nearest names, if there is no method called `name`."""
    if name not in METHODS:
        raise unknown("method", name, METHODS)
