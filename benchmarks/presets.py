"""The default search, the papers' setting, roles only and weights only, at equal generated tokens.

    python benchmarks/presets.py [--tasks gaia-text,nlgraph] [--seeds 5] [--max-tokens 300000]
        [--iterations 30] [--variants "default;paper"] [--limit 20]

The embedded pool's counterpart of the paper's Table 2 (joint search against its two halves), and
what the default gains over the papers' literal setting. Every search stops before the iteration
that would exceed --max-tokens, or after --iterations. `held`: a fifth of dev is kept from the
search, and tells its ten best systems apart at the end. A finished search is a line of
results/presets.jsonl and is not done again; at the end results/presets.md is written.
"""

import argparse
from functools import partial

from workbench import Variant, add_options, add_variants, endless, main

VARIANTS = {
    "default": ("default", {}),
    "paper": ("paper", {}),
    "roles only": ("default", {"method": "role-only"}),
    "weights only": ("default", {"method": "weight-only"}),
    "held": ("default", {"held": 0.2, "finalists": 10}),
    "paper: roles only": ("paper", {"method": "role-only"}),
    "paper: weights only": ("paper", {"method": "weight-only"}),
}


def base(variant: str) -> str:
    return "paper" if variant.startswith("paper: ") else "default"


def variants(options: argparse.Namespace) -> list[Variant]:
    return [
        Variant(name, partial(endless, preset, changes, options.iterations), options.max_tokens)
        for name, (preset, changes) in VARIANTS.items()
    ]


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, "presets")
    add_variants(parser, seeds=5)
    parser.add_argument("--max-tokens", type=int, default=300_000)
    parser.add_argument("--iterations", type=int, default=30, help="never more than so many")
    return parser


if __name__ == "__main__":
    options = parser().parse_args()
    main("presets", __doc__, variants(options), options, base)
