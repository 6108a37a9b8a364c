"""The default search, the papers' setting, roles only and weights only, at equal generated tokens.

    python benchmarks/presets.py [--tasks gaia-text,nlgraph] [--seeds 5]
        [--variants "default;paper"] [--limit 20]

The embedded pool's counterpart of the paper's Table 2 (joint search against its two halves), and
what the default gains over the papers' literal setting. `default` is the search as it is run if
nothing is said; every other one goes on until it has generated as many tokens as that did with the
same seed, and to the end of that iteration. `held`: a fifth of dev is kept from the search, and
tells its ten best systems apart at the end. A finished search is a line of results/presets.jsonl
and is not done again; at the end results/presets.md is written, and as a picture docs/presets.svg.
"""

import argparse
from collections.abc import Mapping
from functools import partial
from typing import Any

from workbench import Variant, add_options, add_variants, endless, main

from hswarm.config import SearchConfig, search_config

ITERATIONS = 100
"""More than the tokens are enough for."""

RIVALS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "paper": ("paper", {}),
    "roles only": ("default", {"method": "role-only"}),
    "weights only": ("default", {"method": "weight-only"}),
    "held": ("default", {"held": 0.2, "finalists": 10}),
}


def default(seed: int) -> SearchConfig:
    return search_config("default", {"seed": seed})


def variants(options: argparse.Namespace) -> list[Variant]:
    return [
        Variant("default", default, None),
        *(
            Variant(name, partial(endless, preset, changes, ITERATIONS), "default")
            for name, (preset, changes) in RIVALS.items()
        ),
    ]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__)
    add_options(made)
    add_variants(made, seeds=5)
    return made


if __name__ == "__main__":
    main("presets", __doc__, parser(), variants, lambda name: "default")
