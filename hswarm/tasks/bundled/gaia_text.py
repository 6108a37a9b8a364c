"""gaia-text (bundled): a question, ten context chunks that only their nodes see, and hops between.

In GAIA-text each model of the system reads one tool-use context of the annotator (Feng et al.,
2025, appendix D). Here the first chunks hold what nobody can know beforehand (whose hat it is),
the others hold the same kind of fact about other things, and the rest of the way to the answer
leads through tables of the world that different experts know. A single model is given all ten
chunks, but an expert knows the tables of one or two relations only, and most questions lead through
others: alone each answers at most a few of them. A graph has all.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from hswarm.tasks.bundled.knowledge_crosswords import follow
from hswarm.tasks.bundled.problem import Problem, Step, fact
from hswarm.tasks.bundled.world import KINDS, PRIVATE_RELATIONS, World, invent_table

CHUNKS: Final = 10
READ_BY: Final = 4
"""What the question needs stands in the first four chunks: one looks things up, then reasons."""

PATHS: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(path.split())
    for path in (
        "friend", "city", "job", "pet", "friend city", "friend job", "friend pet",
        "city country", "job tool", "pet sound", "friend city country", "friend job tool",
        "city country food", "job tool price",
    )
)  # fmt: skip


def pose(world: World, rng: np.random.Generator) -> Problem:
    """Pose a problem; its key is the person whom the context leads to."""
    private = {relation: invent_table(relation, rng) for relation in PRIVATE_RELATIONS}
    things = KINDS["thing"]
    thing = things[rng.integers(len(things))]
    read_path = ("owner", "teacher") if rng.random() < 0.3 else ("owner",)
    start = KINDS["person"][rng.integers(len(KINDS["person"]))]
    # The tables are drawn afresh; only the cells on the way are bent to arrive at `start`.
    if len(read_path) == 1:
        private["owner"][thing] = start
    else:
        owner = next(p for p, taught_by in private["teacher"].items() if taught_by == start)
        private["owner"][thing] = owner
    subject, readings = thing, []
    for relation in read_path:
        value = private[relation][subject]
        readings.append(Step("read", fact(subject, relation, value)))
        subject = value
    known_path = PATHS[rng.integers(len(PATHS))]
    values, steps = follow(world, start, known_path)

    places = sorted(rng.choice(READ_BY, size=len(readings), replace=False))
    needed = dict(zip(places, (step.text for step in readings), strict=True))
    said = {fact(thing, "owner", private["owner"][thing])}
    chunks = []
    for place in range(CHUNKS):
        chunks.append(needed.get(place) or _other_fact(private, thing, said, rng))
        said.add(chunks[-1])
    asked = "".join(f"'s {relation}" for relation in (*read_path, *known_path))
    return Problem(
        question=f"What is the {thing}{asked}?",
        answer=values[-1],
        steps=(*readings, *steps),
        key=start,
        context_chunks=tuple(chunks),
    )


def _other_fact(
    private: dict[str, dict[str, str]], thing: str, said: set[str], rng: np.random.Generator
) -> str:
    """A private fact about something else, not yet in the context."""
    while True:
        relation = list(PRIVATE_RELATIONS)[rng.integers(len(PRIVATE_RELATIONS))]
        subjects = list(private[relation])
        subject = subjects[rng.integers(len(subjects))]
        text = fact(subject, relation, private[relation][subject])
        if subject != thing and text not in said:
            return text
