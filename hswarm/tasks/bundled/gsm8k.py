"""gsm8k (bundled): word problems of one to three small steps.

Products of one-digit numbers, sums and differences below 100 in which what is added, taken away or
left has one digit, and prices that have to be known. Multiplying, adding and the prices are skills
of different experts.
"""

from __future__ import annotations

import numpy as np

from hswarm.tasks.bundled.arithmetic import add, multiply, subtract
from hswarm.tasks.bundled.problem import Problem, Step, fact
from hswarm.tasks.bundled.world import KINDS, World, words

ITEMS = words("apples bags beads cards coins cups pens pins shells stamps stones toys")

SORTS = ("boxes", "boxes more", "boxes less", "two", "buys", "pays")


def pose(world: World, rng: np.random.Generator) -> Problem:
    """Pose a problem; its key is its numbers, so no two splits share a sum."""
    who = KINDS["person"][rng.integers(len(KINDS["person"]))]
    items = ITEMS[rng.integers(len(ITEMS))]
    a, b = (int(k) for k in rng.integers(2, 10, size=2))
    kind = SORTS[rng.integers(len(SORTS))]
    steps: list[Step]
    if kind.startswith("boxes"):
        told = f"{who} has {a} boxes with {b} {items} each."
        steps = [multiply(a, b)]
        if kind == "boxes more":
            c = int(rng.integers(2, 10))
            told += f" {who} gets {c} more."
            steps.append(add(a * b, c))
        elif kind == "boxes less":
            c = int(rng.integers(1, min(a * b, 10)))
            told += f" {who} loses {c}."
            steps.append(subtract(a * b, c))
        asked = f"How many {items} does {who} have?"
    elif kind == "two":
        c = int(rng.integers(10, 90))
        d, e = (int(k) for k in rng.integers(2, 10, size=2))
        told = f"{who} has {c} {items}. {who} gets {d} more. {who} loses {e}."
        steps = [add(c, d), subtract(c + d, e)]
        asked = f"How many {items} does {who} have?"
    else:
        tool = KINDS["tool"][rng.integers(len(KINDS["tool"]))]
        price = int(world.look_up("price", tool))
        steps = [Step("price", fact(tool, "price", str(price))), multiply(a, price)]
        told = f"{who} buys {a} of tool {tool}."
        asked = f"How much does {who} pay?"
        if kind == "pays":
            c = a * price + int(rng.integers(1, 10))
            told += f" {who} had {c}."
            steps.append(subtract(c, a * price))
            asked = f"How much does {who} have left?"
    numbers = [token for step in steps for token in step.text.rstrip(".").split()]
    return Problem(
        question=f"{told} {asked}",
        answer=numbers[-1],
        steps=tuple(steps),
        key=" ".join([kind, *numbers]),
    )
