"""The baselines by name. A new one is a module and an entry here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hswarm.baselines.agent_prune import agent_prune
from hswarm.baselines.best_single import best_single
from hswarm.baselines.cbtm import cbtm
from hswarm.baselines.data_merge import data_merge
from hswarm.baselines.evol_merge import evol_merge
from hswarm.baselines.gnn import gnn
from hswarm.baselines.gpt_swarm import gpt_swarm, gpt_swarm_reinforce
from hswarm.baselines.lorahub import lorahub
from hswarm.baselines.merges import merge_dare_ties, merge_model_stock, merge_slerp
from hswarm.baselines.meta_agent import meta_agent
from hswarm.baselines.pack_of_llms import pack_of_llms
from hswarm.baselines.prediction_merge import prediction_merge
from hswarm.baselines.soups import greedy_soup, uniform_soup
from hswarm.baselines.static_role import static_role
from hswarm.baselines.trials import Trials
from hswarm.baselines.tuning import dpo, ppo, sft
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
    "prediction-merge": Baseline("trivial", prediction_merge, "the plurality of all answers"),
    "data-merge": Baseline("static weight", data_merge, "one expert, trained on everybody's data"),
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
    "pack-of-llms": Baseline(
        "dynamic weight", pack_of_llms, "weighed by how well they foresee the questions"
    ),
    "cbtm": Baseline("dynamic weight", cbtm, "a vote of those trained on what is nearest"),
    "evol-merge": Baseline(
        "dynamic weight", evol_merge, "layers of the best two, crossed by a genetic algorithm"
    ),
    "lorahub": Baseline("dynamic weight", lorahub, "coefficients by a gradient-free optimiser"),
    "sft": Baseline("dynamic weight", sft, "the best expert, trained on the answers of dev"),
    "dpo": Baseline("dynamic weight", dpo, "the best expert, trained to prefer its better answers"),
    "ppo": Baseline("dynamic weight", ppo, "the best expert, trained on its answers' scores"),
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
