"""The baselines by name. A new one is a module and an entry here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hswarm.baselines import (
    agent_prune,
    best_single,
    cbtm,
    chain,
    dare_ties,
    data_merge,
    debate,
    dpo,
    evol_merge,
    gnn,
    gpt_swarm,
    gpt_swarm_reinforce,
    greedy_soup,
    lorahub,
    majority_with_judge,
    meta_agent,
    model_stock,
    pack_of_llms,
    ppo,
    prediction_merge,
    sft,
    slerp,
    star,
    tree,
    uniform_soup,
)
from hswarm.baselines.needs import Given, Need, check_needs
from hswarm.baselines.trials import Trials
from hswarm.catalog import unknown
from hswarm.config import SEARCHES, BaselineConfig

Kind = Literal["trivial", "static weight", "dynamic weight", "static role", "dynamic role"]
"""The papers' kinds: what is chosen, and whether the task's utility has a say in it."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A method beside the searches: how it chooses a system, and in a line what it does."""

    kind: Kind
    choose: Callable[[Trials], Awaitable[None]]
    evaluations: str
    """How many it takes at most, of n agents of one family, unless a budget says."""
    about: str
    needs: tuple[Need, ...] = ()
    """What the task and the pool have to be like."""


_ORDERS: Final = BaselineConfig().orders

BASELINES: Final[Mapping[str, Baseline]] = {
    "best-single": Baseline(
        "trivial", best_single.best_single, "n", "the one model that does best alone"
    ),
    "prediction-merge": Baseline(
        "trivial",
        prediction_merge.prediction_merge,
        "1",
        "the plurality of all answers",
        ("answers that agree",),
    ),
    "data-merge": Baseline(
        "static weight",
        data_merge.data_merge,
        "1",
        "one expert, trained on everybody's data",
        ("weights",),
    ),
    "uniform-soup": Baseline(
        "static weight", uniform_soup.uniform_soup, "1", "the mean of all experts", ("experts",)
    ),
    "slerp": Baseline(
        "static weight",
        slerp.slerp,
        "n + 1",
        "the arc between the best two, half-way",
        ("weights",),
    ),
    "dare-ties": Baseline(
        "static weight",
        dare_ties.dare_ties,
        f"n + {len(dare_ties.SIZES)}",
        "the best two to five, thinned, where signs agree",
        ("weights",),
    ),
    "model-stock": Baseline(
        "static weight",
        model_stock.model_stock,
        f"n + {len(model_stock.SIZES)}",
        "the best three to five, drawn to the base",
        ("weights",),
    ),
    "greedy-soup": Baseline(
        "dynamic weight",
        greedy_soup.greedy_soup,
        "2n − 1",
        "the mean of those that improve it, best first",
        ("experts",),
    ),
    "pack-of-llms": Baseline(
        "dynamic weight",
        pack_of_llms.pack_of_llms,
        f"{len(pack_of_llms.TEMPERATURES)}",
        "weighed by how well they foresee the questions",
        ("weights",),
    ),
    "cbtm": Baseline(
        "dynamic weight",
        cbtm.cbtm,
        f"{len(cbtm.MOST)}",
        "a vote of those trained on what is nearest",
    ),
    "evol-merge": Baseline(
        "dynamic weight",
        evol_merge.evol_merge,
        f"n + {evol_merge.EVALUATIONS}",
        "layers of the best two, crossed by a genetic algorithm",
        ("weights",),
    ),
    "lorahub": Baseline(
        "dynamic weight",
        lorahub.lorahub,
        f"{lorahub.EVALUATIONS}",
        "coefficients by a gradient-free optimiser",
        ("experts",),
    ),
    "sft": Baseline(
        "dynamic weight",
        sft.sft,
        "n + 1",
        "the best expert, trained on the answers of dev",
        ("gold answers", "weights"),
    ),
    "dpo": Baseline(
        "dynamic weight",
        dpo.dpo,
        "n + 1",
        "the best expert, trained to prefer its better answers",
        ("scores of answers", "weights"),
    ),
    "ppo": Baseline(
        "dynamic weight",
        ppo.ppo,
        "n + 1",
        "the best expert, trained on its answers' scores",
        ("scores of answers", "weights"),
    ),
    "chain": Baseline("static role", chain.chain, f"{_ORDERS}", "one after the other"),
    "star": Baseline("static role", star.star, f"{_ORDERS}", "one, then all, then one"),
    "tree": Baseline("static role", tree.tree, f"{_ORDERS}", "each reads two"),
    "debate": Baseline("static role", debate.debate, f"{_ORDERS}", "layers that read each other"),
    "majority-with-judge": Baseline(
        "static role",
        majority_with_judge.majority_with_judge,
        f"{_ORDERS}",
        "all by themselves, then a judge",
    ),
    "gpt-swarm": Baseline(
        "dynamic role",
        gpt_swarm.gpt_swarm,
        f"{gpt_swarm.EVALUATIONS}",
        "matrices drawn to those of good graphs",
    ),
    "gpt-swarm-reinforce": Baseline(
        "dynamic role",
        gpt_swarm_reinforce.gpt_swarm_reinforce,
        f"{gpt_swarm_reinforce.EVALUATIONS}",
        "a learned probability for every edge",
    ),
    "meta-agent": Baseline(
        "dynamic role",
        meta_agent.meta_agent,
        f"n + {meta_agent.EVALUATIONS}",
        "a model designs the graph",
    ),
    "agent-prune": Baseline(
        "dynamic role",
        agent_prune.agent_prune,
        f"{agent_prune.EVALUATIONS}",
        "random graphs, with edges cut",
    ),
    "gnn": Baseline(
        "dynamic role", gnn.gnn, f"{gnn.EVALUATIONS}", "a network predicts which edges help"
    ),
}

METHODS: Final[tuple[str, ...]] = (*BASELINES, *reversed(SEARCHES))
"""Every method there is, those that search with swarms last."""


def check_method(name: str) -> None:
    """Raise HswarmError, with the nearest names, if there is no method called `name`."""
    if name not in METHODS:
        raise unknown("method", name, METHODS)


def check_fit(name: str, given: Given) -> None:
    """Raise HswarmError where the method `name` is a baseline that this is not enough for."""
    if name in BASELINES:
        check_needs(name, BASELINES[name].needs, given)
