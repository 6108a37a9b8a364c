"""PSO, CMA-ES, differential evolution, Bayesian optimisation and chance at equal evaluations.

    python benchmarks/optimizers.py [--tasks gaia-text,nlgraph] [--seeds 10] [--iterations 9]
        [--variants "graphs: pso;graphs: de"] [--limit 20]

`graphs`: adjacency matrices alone (method role-only, no move-step): as many graphs for everybody.
`weights`: coefficient rows alone (method model-swarms): as many rows for everybody. Everything
else is the default setting; searches that never stop early. Every optimiser is compared with PSO
seed by seed. The intervals are bootstrapped over seeds. A finished search is a line of
results/optimizers.jsonl and is not done again; at the end results/optimizers.md is written.
"""

import argparse
from functools import partial
from typing import get_args

from workbench import Variant, add_options, main

from hswarm.config import Optimizer, SearchConfig, search_config


def setting(what: str, optimizer: str, iterations: int, seed: int) -> SearchConfig:
    changes = {"seed": seed, "max_iterations": iterations, "patience": iterations + 1}
    if what == "graphs":
        role = {"optimizer": optimizer, "moves": 0}
        return search_config("default", {**changes, "method": "role-only", "role": role})
    weight = {"optimizer": optimizer, "particles": 20}
    return search_config("default", {**changes, "method": "model-swarms", "weight": weight})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "optimizers")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=9, help="after the start")
    parser.add_argument("--variants", help="some of them, separated by semicolons")
    options = parser.parse_args()
    variants = [
        Variant(f"{what}: {name}", partial(setting, what, name, options.iterations), None)
        for what in ("graphs", "weights")
        for name in get_args(Optimizer)
    ]
    main("optimizers", __doc__, variants, options, lambda name: f"{name.partition(':')[0]}: pso")
