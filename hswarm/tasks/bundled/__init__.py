"""The bundled sets: small synthetic data in the form of the real benchmarks, for the tiny pool.

Nobody may take them for the benchmarks: wherever one is used, its name carries "(bundled)".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Final, Literal

import numpy as np

from hswarm.catalog import unknown
from hswarm.errors import HswarmError
from hswarm.tasks.bundled import gaia_text, gsm8k, knowledge_crosswords, nlgraph
from hswarm.tasks.bundled.further import FURTHER
from hswarm.tasks.bundled.problem import Problem
from hswarm.tasks.bundled.world import World, shared_world

Split = Literal["train", "dev", "test"]
Pose = Callable[[World, np.random.Generator], Problem]

GENERATORS: Final[Mapping[str, Pose]] = {
    "gaia-text": gaia_text.pose,
    "gsm8k": gsm8k.pose,
    "knowledge-crosswords": knowledge_crosswords.pose,
    "nlgraph": nlgraph.pose,
}
"""Task name -> the function that poses one problem of it: the sets that the tiny pool learns."""

DATA_SEED: Final = 7

_TRAIN_SHARE: Final = {"gsm8k": 0.4, "nlgraph": 0.4}
_DEV_SHARE: Final = 0.3

_PATIENCE: Final = 3_000
"""Problems posed in a row, none of them new, before there are taken to be no more."""


def split_of(task: str, key: str) -> Split:
    """Return the split that the problems of a key belong to, by its hash.

    So dev and test cannot share a key, whatever is drawn. Skills (arithmetic, graphs) keep a share
    for training; of tables of facts there is nothing to generalise to, so those have no such share.
    """
    digest = hashlib.sha256(f"{task}/{key}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    train = _TRAIN_SHARE.get(task, 0.0)
    if place < train:
        return "train"
    return "dev" if place < train + _DEV_SHARE * (1 - train) else "test"


def generate(task: str, *, dev: int, test: int) -> dict[str, list[dict[str, object]]]:
    """Return `{"dev": [...], "test": [...]}` items of a bundled task, the same on every machine.

    No question occurs twice about the same person, numbers or graph, none is asked the other way
    round in another split, and no chunk of a context says the answer by itself. Raises HswarmError
    for a task that has no generator, and for more items than there are.
    """
    if task in FURTHER:
        stream, pose = FURTHER[task]
    elif task in GENERATORS:
        stream, pose = sorted(GENERATORS).index(task), GENERATORS[task]
    else:
        raise unknown("generator", task, (*GENERATORS, *FURTHER))
    world = shared_world()
    rng = np.random.default_rng([DATA_SEED, stream])
    sizes: dict[Split, int] = {"dev": dev, "test": test, "train": 0}
    found: dict[Split, list[Problem]] = {"dev": [], "test": [], "train": []}
    asked: set[tuple[object, ...]] = set()
    in_vain = 0
    while any(len(found[split]) < size for split, size in sizes.items()):
        problem = pose(world, rng)
        split = split_of(task, problem.key)
        identity = (problem.question, problem.key, problem.rounds)
        in_vain += 1
        if in_vain > _PATIENCE:
            reached = f"{len(found['dev'])} dev and {len(found['test'])} test items"
            raise HswarmError(
                f"{task}: no more than about {reached} can be made.",
                hint=f"Ask for fewer than {dev} and {test} in the task's data.",
            )
        if identity in asked or len(found[split]) >= sizes[split]:
            continue
        if problem.twin and split_of(task, problem.twin) != split:
            continue
        if task in GENERATORS and not _is_fair(problem):
            continue
        asked.add(identity)
        found[split].append(problem)
        in_vain = 0
    return {
        split: [p.item(f"{split}-{k:04d}") for k, p in enumerate(found[split])]
        for split in ("dev", "test")
    }


def _is_fair(problem: Problem) -> bool:
    """Say whether no chunk holds the answer by chance and none repeats another."""
    chunks = problem.context_chunks
    words = {word for chunk in chunks for word in re.findall(r"\w+", chunk)}
    return problem.answer not in words and len(set(chunks)) == len(chunks)
