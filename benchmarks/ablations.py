"""Every switch of the search alone, against the papers' setting and against the default.

Those of the weight-step are tried on one graph, too, where all that is generated goes to weights.

    python benchmarks/ablations.py [--tasks gaia-text,nlgraph] [--dev 50] [--seeds 5]
        [--tokens 200000] [--iterations 30] [--variants "paper;paper: order"] [--limit 20]

Every search ends with the iteration in which it has generated --tokens, the same for all, or after
--iterations; the table says how many it took. Each switch is compared seed by seed with the setting
that it is a switch of, on the dev items that --dev keeps from the search: what is kept and dropped
is decided there, and test is not looked at. Intervals are over seeds. A finished search is a line
of results/ablations.jsonl and is not done again; the memo is in --folder. At the end
results/ablations.md is written, and as a picture docs/ablations.svg.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from workbench import Variant, add_options, add_variants, endless, main

from hswarm.config import merge

SHAPES = ("chain", "star", "chain", "chain") * 2
SHORT = {"step_length": 0.2, "step_min": 0.02}
LONG = {"step_length": 0.7, "step_min": 0.1}

BOTH: Mapping[str, Mapping[str, Any]] = {
    "one edge": {"role": {"edges": "one"}},
    "order": {"role": {"encoding": "order"}},
    "seats": {"role": {"encoding": "seats"}},
    "top_p 0.3": {"role": {"top_p": 0.3}},
    "top_p 0.3, 3 decodes": {"role": {"top_p": 0.3, "decodes": 3}},
    "adopt": {"role": {"adopt": True}},
    "anchor 0.5": {"weight": {"anchor": 0.5}},
    "both credits": {"weight": {"credit": "both"}},
    "better only": {"weight": {"acceptance": "better"}},
    "decaying weight steps": {"weight": {"step_length": 0.4, "step_decay": 0.6, "step_min": 0.02}},
    "held 0.2, 10 finalists": {"held": 0.2, "finalists": 10},
    "cma-es": {"role": {"optimizer": "cma-es"}, "weight": {"optimizer": "cma-es"}},
    "de": {"role": {"optimizer": "de"}, "weight": {"optimizer": "de"}},
    "bo": {"role": {"optimizer": "bo"}, "weight": {"optimizer": "bo"}},
    "random": {"role": {"optimizer": "random"}, "weight": {"optimizer": "random"}},
}
"""Switches that change either setting."""

OF_PAPER: Mapping[str, Mapping[str, Any]] = {
    "greedy": {"role": {"top_p": 0.0}},
    "shapes": {"role": {"shapes": SHAPES}},
    "3 decodes": {"role": {"decodes": 3}},
    "greedy, adopt": {"role": {"top_p": 0.0, "adopt": True}},
    "greedy, shapes, short steps": {"role": {"top_p": 0.0, "shapes": SHAPES, **SHORT}},
    "order, greedy, shapes, short steps": {
        "role": {"encoding": "order", "top_p": 0.0, "shapes": SHAPES, **SHORT}
    },
    "moves": {"role": {"moves": 20}},
    "moves, no leaps": {"role": {"moves": 20, "leap": None}},
    "best models": {"role": {"models": "best"}},
    "places": {"weight": {"credit": "places"}},
    "balanced": {"weight": {"assignment": "balanced"}},
    "short weight steps": {"weight": SHORT},
}
"""Each step on the way from the papers' setting to the default, taken alone."""

OF_DEFAULT: Mapping[str, Mapping[str, Any]] = {
    "top_p 0.8": {"role": {"top_p": 0.8}},
    "no shapes": {"role": {"shapes": ()}},
    "long role steps": {"role": LONG},
    "no moves": {"role": {"moves": 0}},
    "no heat": {"role": {"heat": 0.0}},
    "no leaps": {"role": {"leap": None}},
    "moves of edges only": {"role": {"order_rounds": 0, "edge_rounds": 7}},
    "moves of nodes only": {"role": {"order_rounds": 7, "edge_rounds": 0}},
    "current models": {"role": {"models": "current"}},
    "JFK-score": {"weight": {"credit": "assignments"}},
    "long weight steps": {"weight": LONG},
    "back at once": {"weight": {"restart_patience": 1}},
}
"""The same steps taken back alone, and others."""

OF_WEIGHTS: Mapping[str, Mapping[str, Any]] = {
    "anchor 0.5": {"weight": {"anchor": 0.5}},
    "both credits": {"weight": {"credit": "both"}},
    "better only": {"weight": {"acceptance": "better"}},
    "decaying steps": {"weight": {"step_decay": 0.6, "step_min": 0.02}},
    "places": {"weight": {"credit": "places"}},
    "balanced": {"weight": {"assignment": "balanced"}},
    "short steps": {"weight": SHORT},
    "places, short steps": {"weight": {"credit": "places", **SHORT}},
    "places, short steps, better only": {
        "weight": {"credit": "places", "acceptance": "better", **SHORT}
    },
}
"""Those of the weight-step, where all that is generated is spent on weights."""


@dataclass(frozen=True)
class Base:
    """A setting, and the switches that are tried on it."""

    preset: str
    changes: Mapping[str, Any]
    switches: Mapping[str, Mapping[str, Any]]


PAPER_STEP = {"credit": "assignments", "assignment": "random", **LONG}
BASES = {
    "paper": Base("paper", {}, {**BOTH, **OF_PAPER}),
    "default": Base("default", {}, {**BOTH, **OF_DEFAULT}),
    "weights": Base("default", {"method": "weight-only", "weight": PAPER_STEP}, OF_WEIGHTS),
}
"""`weights`: the papers' weight-step alone, on the best of the default's first graphs."""


def variants(options: argparse.Namespace) -> list[Variant]:
    made = []
    for base, setting in BASES.items():
        for switch, changes in {"": {}, **setting.switches}.items():
            name = f"{base}: {switch}" if switch else base
            whole = merge(setting.changes, changes)
            config = partial(endless, setting.preset, whole, options.iterations)
            made.append(Variant(name, config, options.tokens))
    return made


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    add_options(made)
    add_variants(made, seeds=5)
    made.add_argument("--tokens", type=int, default=200_000)
    made.add_argument("--iterations", type=int, default=30, help="never more than so many")
    return made


if __name__ == "__main__":
    options = parser().parse_args()
    main("ablations", __doc__, variants(options), options, lambda name: name.partition(":")[0])
