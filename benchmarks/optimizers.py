"""PSO, CMA-ES, differential evolution, Bayesian optimisation and chance at equal evaluations.

    python benchmarks/optimizers.py [--tasks gaia-text,nlgraph] [--dev 40] [--seeds 10]
        [--iterations 9] [--variants "graphs: pso;graphs: de"] [--limit 20]

`graphs`: adjacency matrices alone (method role-only, no move-step): as many graphs for everybody.
`weights`: coefficient rows alone (method weight-only: each expert's, scored where it sits in the
best of the first graphs): as many rows for everybody. `long steps` are the papers', 0.7 and not
0.2 of the way. Everything else is the default setting; searches that never stop early. Every
optimiser is compared with PSO item by item and seed by seed, on items that the searches have not
seen. A finished search is a line of results/optimizers.jsonl and is not done again; at the end
results/optimizers.md is written, and as a picture docs/optimizers.svg.
"""

import argparse
from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

from workbench import Variant, add_options, add_variants, endless, main

from hswarm.config import Optimizer, SearchConfig

OPTIMIZERS: Mapping[str, Mapping[str, Any]] = {
    name: {"optimizer": name} for name in get_args(Optimizer)
}
LONG: Mapping[str, Any] = {"step_length": 0.7, "step_min": 0.1}
SWARMS = {"graphs": {**OPTIMIZERS, "pso, long steps": LONG}, "weights": OPTIMIZERS}


def setting(what: str, swarm: Mapping[str, Any], iterations: int, seed: int) -> SearchConfig:
    changes: dict[str, dict[str, Any]] = {
        "graphs": {"method": "role-only", "role": {**swarm, "moves": 0}},
        "weights": {"method": "weight-only", "weight": swarm},
    }
    return endless("default", changes[what], iterations, seed)


def variants(options: argparse.Namespace) -> list[Variant]:
    return [
        Variant(f"{what}: {name}", partial(setting, what, swarm, options.iterations), None)
        for what, swarms in SWARMS.items()
        for name, swarm in swarms.items()
    ]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    add_options(made)
    add_variants(made, seeds=10)
    made.set_defaults(dev=40)
    made.add_argument("--iterations", type=int, default=9, help="after the start")
    return made


if __name__ == "__main__":
    main("optimizers", __doc__, parser(), variants, lambda name: f"{name.partition(':')[0]}: pso")
