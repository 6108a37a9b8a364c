"""Knowledge Crosswords (bundled): chains of constraints with blanks, four ways to fill them.

The form is that of Ding et al. (2024) as in the authors' data; the facts are the world's. A chain
leads through one to four tables, each known to another expert.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hswarm.tasks.bundled.problem import Problem, Step, fact
from hswarm.tasks.bundled.world import KINDS, RELATIONS, World

LETTERS: Final = "ABCD"

PATHS: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(path.split())
    for path in (
        "friend", "city", "job", "pet",
        "friend city", "friend job", "friend pet", "city country", "job tool", "pet sound",
        "friend city country", "friend job tool", "friend pet sound", "city country food",
        "job tool price", "friend city country food", "friend job tool price",
    )
)  # fmt: skip

SHARE_BY_LENGTH: Final = {1: 0.15, 2: 0.35, 3: 0.35, 4: 0.15}


def draw_path(rng: np.random.Generator) -> tuple[str, ...]:
    """Draw a length by `SHARE_BY_LENGTH`, then one of the paths of that length."""
    length = rng.choice(list(SHARE_BY_LENGTH), p=list(SHARE_BY_LENGTH.values()))
    paths = [path for path in PATHS if len(path) == length]
    return paths[rng.integers(len(paths))]


def follow(world: World, start: str, path: tuple[str, ...]) -> tuple[list[str], list[Step]]:
    """Walk `path` from `start`: the value after each relation, and each relation as a step."""
    values: list[str] = []
    steps: list[Step] = []
    subject = start
    for relation in path:
        value = world.look_up(relation, subject)
        steps.append(Step(relation, fact(subject, relation, value)))
        values.append(value)
        subject = value
    return values, steps


def _fill(values: list[str]) -> str:
    return " ".join(f"blank {k}: {value};" for k, value in enumerate(values, start=1))


def _distractor(
    right: list[str], path: tuple[str, ...], world: World, rng: np.random.Generator
) -> list[str]:
    """Leave the right path at a random blank and go on from the wrong value, truly or not."""
    values = list(right)
    leave = int(rng.integers(len(path)))
    for k in range(leave, len(path)):
        names = [name for name in KINDS[RELATIONS[path[k]][1]] if name != right[k]]
        from_wrong = world.tables[path[k]].get(values[k - 1]) if k > leave else None
        follows = from_wrong in names and rng.random() < 0.5
        values[k] = str(from_wrong) if follows else names[rng.integers(len(names))]
    return values


def pose(world: World, rng: np.random.Generator) -> Problem:
    """Pose a problem; its key is the person that the chain starts from."""
    path = draw_path(rng)
    start = KINDS["person"][rng.integers(len(KINDS["person"]))]
    values, steps = follow(world, start, path)
    options = [values]
    while len(options) < len(LETTERS):
        wrong = _distractor(values, path, world, rng)
        if wrong not in options:
            options.append(wrong)
    order = rng.permutation(len(LETTERS))
    options = [options[k] for k in order]
    subjects = [start, *(f"blank {k}" for k in range(1, len(path)))]
    triples = "; ".join(
        f"({subject}, {relation}, blank {k})"
        for k, (subject, relation) in enumerate(zip(subjects, path, strict=True), start=1)
    )
    question = (
        "Pick the correct answer for each blank that satisfies all the given constraints.\n"
        f"Constraints: {triples}.\nOptions:\nPlease select the correct answer from A, B, C, D."
    )
    guesses = tuple(
        tuple(a for a, o in zip(LETTERS, options, strict=True) if o[:known] == values[:known])
        for known in range(len(path) + 1)
    )
    return Problem(
        question=question,
        answer=LETTERS[options.index(values)],
        steps=tuple(steps),
        key=start,
        choices={a: _fill(o) for a, o in zip(LETTERS, options, strict=True)},
        guesses=guesses,
    )
