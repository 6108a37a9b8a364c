"""Every switch of the search alone: on the papers' role-step, on their weight-step, on the default.

    python benchmarks/ablations.py [--tasks gaia-text] [--dev 40] [--seeds 5]
        [--iterations 30] [--variants "roles;roles: order"] [--limit 20]

`roles`: the papers' setting, of which only the role-step is done. `weights`: their weight-step
alone, on the best of the default's first graphs: two iterations of it fit. `places`: the same with
experts scored where they sit: twenty do. `default`: the default search, both steps and moves. Each
switch is compared, item by item and seed by seed, with the setting that it is a switch of, on the
dev items that --dev keeps from the search: what is kept and dropped is decided there, and test is
not looked at. All searches on a setting end with the iteration in which they have generated as many
tokens, or after --iterations; the table says how many it took. A finished search is a line of
results/ablations.jsonl and is not done again; the memo is in --folder. At the end
results/ablations.md is written, and as a picture docs/ablations.svg.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from workbench import Variant, add_options, add_variants, endless, main

from hswarm.config import RoleConfig, merge

Changes = Mapping[str, Any]

SHAPES = RoleConfig().shapes
SHORT = {"step_length": 0.2, "step_min": 0.02}
LONG = {"step_length": 0.7, "step_min": 0.1}
DECAYING = {"step_length": 0.4, "step_decay": 0.6, "step_min": 0.02}


@dataclass(frozen=True)
class Base:
    """A setting, the tokens that its searches generate, and the switches that are tried on it."""

    preset: str
    changes: Changes
    tokens: int
    switches: Mapping[str, Changes]


ROLES = Base(
    "paper",
    {"method": "role-only"},
    120_000,
    {
        "one edge": {"role": {"edges": "one"}},
        "order": {"role": {"encoding": "order"}},
        "seats": {"role": {"encoding": "seats"}},
        "top_p 0.3": {"role": {"top_p": 0.3}},
        "greedy": {"role": {"top_p": 0.0}},
        "3 decodes": {"role": {"decodes": 3}},
        "top_p 0.3, 3 decodes": {"role": {"top_p": 0.3, "decodes": 3}},
        "adopt": {"role": {"adopt": True}},
        "greedy, adopt": {"role": {"top_p": 0.0, "adopt": True}},
        "shapes": {"role": {"shapes": SHAPES}},
        "6 particles": {"role": {"particles": 6}},
        "short steps": {"role": SHORT},
        "greedy, shapes, short steps": {"role": {"top_p": 0.0, "shapes": SHAPES, **SHORT}},
        "order, greedy, shapes, short steps": {
            "role": {"encoding": "order", "top_p": 0.0, "shapes": SHAPES, **SHORT}
        },
        "moves": {"role": {"moves": 20}},
        "moves, no leaps": {"role": {"moves": 20, "leap": None}},
    },
)

WEIGHTS = Base(
    "default",
    {
        "method": "weight-only",
        "weight": {"credit": "assignments", "assignment": "random", **LONG},
    },
    120_000,
    {
        "balanced": {"weight": {"assignment": "balanced"}},
        "places": {"weight": {"credit": "places"}},
        "both credits": {"weight": {"credit": "both"}},
    },
)

PLACES = Base(
    "default",
    {"method": "weight-only", "weight": {"credit": "places", **LONG}},
    120_000,
    {
        "short steps": {"weight": SHORT},
        "decaying steps": {"weight": DECAYING},
        "better only": {"weight": {"acceptance": "better"}},
        "anchor 0.5": {"weight": {"anchor": 0.5}},
        "short steps, better only": {"weight": {"acceptance": "better", **SHORT}},
    },
)

DEFAULT = Base(
    "default",
    {},
    200_000,
    {
        "no role-steps": {"role": {"dropout": 1.0}},
        "no weight-steps": {"weight": {"dropout": 1.0}},
        "no moves": {"role": {"moves": 0}},
        "one edge": {"role": {"edges": "one"}},
        "order": {"role": {"encoding": "order"}},
        "seats": {"role": {"encoding": "seats"}},
        "top_p 0.8": {"role": {"top_p": 0.8}},
        "top_p 0.3, 3 decodes": {"role": {"top_p": 0.3, "decodes": 3}},
        "adopt": {"role": {"adopt": True}},
        "no shapes": {"role": {"shapes": ()}},
        "long role steps": {"role": LONG},
        "current models": {"role": {"models": "current"}},
        "no heat": {"role": {"heat": 0.0}},
        "no leaps": {"role": {"leap": None}},
        "moves of edges only": {"role": {"order_rounds": 0, "edge_rounds": 7}},
        "moves of nodes only": {"role": {"order_rounds": 7, "edge_rounds": 0}},
        "JFK-score": {"weight": {"credit": "assignments"}},
        "both credits": {"weight": {"credit": "both"}},
        "long weight steps": {"weight": LONG},
        "decaying weight steps": {"weight": DECAYING},
        "better only": {"weight": {"acceptance": "better"}},
        "anchor 0.5": {"weight": {"anchor": 0.5}},
        "back at once": {"weight": {"restart_patience": 1}},
        "cma-es": {"role": {"optimizer": "cma-es"}, "weight": {"optimizer": "cma-es"}},
    },
)

BASES = {"roles": ROLES, "weights": WEIGHTS, "places": PLACES, "default": DEFAULT}


def variants(options: argparse.Namespace) -> list[Variant]:
    made = []
    for name, base in BASES.items():
        for switch, changes in {"": {}, **base.switches}.items():
            whole = merge(base.changes, changes)
            config = partial(endless, base.preset, whole, options.iterations)
            made.append(Variant(f"{name}: {switch}" if switch else name, config, base.tokens))
    return made


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    add_options(made)
    add_variants(made, seeds=5)
    made.set_defaults(tasks="gaia-text", dev=40)
    made.add_argument("--iterations", type=int, default=30, help="never more than so many")
    return made


if __name__ == "__main__":
    main("ablations", __doc__, parser(), variants, lambda name: name.partition(":")[0])
