"""More bundled sets, one for each kind of scoring and each shape of agent benchmark.

The tiny models were not trained on their forms; what they score there is theirs to find. The
questions are about the same world as those of the first four sets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from hswarm.tasks.bundled import knowledge_crosswords
from hswarm.tasks.bundled.knowledge_crosswords import follow
from hswarm.tasks.bundled.problem import Problem, Step, fact
from hswarm.tasks.bundled.world import KINDS, PRIVATE_RELATIONS, World, invent_table

PAPER_CHUNKS: Final = 10

TOPICS: Final = ("friend", "city", "job", "pet")

_PATHS: Final = tuple(
    f"{first}{second}"
    for first in ("", "friend ")
    for second in (
        "friend city",
        "friend job",
        "friend pet",
        "city country",
        "job tool",
        "pet sound",
    )
)
"""What rounds ask for one after another, from a person on."""


def _pick(kind: str, rng: np.random.Generator) -> str:
    return KINDS[kind][rng.integers(len(KINDS[kind]))]


def pose_long_text(world: World, rng: np.random.Generator) -> Problem:
    """Qasper's form: a text in ten chunks, a question about it, an answer in words of the text.

    The question is about a thing's owner, or who taught the owner, and what the owner does.
    """
    tables = {relation: invent_table(relation, rng) for relation in PRIVATE_RELATIONS}
    things = [KINDS["thing"][k] for k in rng.permutation(len(KINDS["thing"]))[:PAPER_CHUNKS]]
    chunks = []
    for thing in things:
        owner = tables["owner"][thing]
        job, city = world.look_up("job", owner), world.look_up("city", owner)
        chunks.append(
            f"{fact(thing, 'owner', owner)} {fact(owner, 'job', job)} {fact(owner, 'city', city)}"
        )
    asked = things[rng.integers(len(things))]
    owner = tables["owner"][asked]
    relation = ("job", "city")[rng.integers(2)]
    value = world.look_up(relation, owner)
    return Problem(
        question=f"Who is the {asked}'s owner, and what is the owner's {relation}?",
        answer=f"{owner}, {value}",
        steps=(
            Step("read", fact(asked, "owner", owner)),
            Step("read", fact(owner, relation, value)),
        ),
        key=f"{asked} {owner}",
        context_chunks=tuple(chunks),
    )


def pose_puzzle(world: World, rng: np.random.Generator) -> Problem:
    """A story and the truth behind it, in a sentence, for a judge to compare with."""
    person = _pick("person", rng)
    job = world.look_up("job", person)
    tool = world.look_up("tool", job)
    city = world.look_up("city", person)
    seen = ("in {0} with the {1}", "with the {1} in {0}", "carrying the {1} through {0}")
    where = seen[rng.integers(len(seen))].format(city, tool)
    when = ("", " early in the day", " at night", " on a holiday")[rng.integers(4)]
    return Problem(
        question=f"{person} was seen {where}{when}. Why?",
        answer=f"{fact(person, 'city', city)} {fact(person, 'job', job)} {fact(job, 'tool', tool)}",
        steps=(Step("city", fact(person, "city", city)), Step("job", fact(person, "job", job))),
        key=person,
    )


def pose_beginning(world: World, rng: np.random.Generator) -> Problem:
    """The beginning of a text that goes on in one way or another."""
    person = _pick("person", rng)
    sound = world.look_up("sound", world.look_up("pet", person))
    came = ("went home to", "came back to", "woke up in")[rng.integers(3)]
    ending = ("a", "the", "no", "only a", "one more")[rng.integers(5)]
    told = f"{person} {came} {world.look_up('city', person)} and heard {ending}"
    return Problem(told, sound, (Step("sound", sound),), key=person)


def pose_instruction(world: World, rng: np.random.Generator) -> Problem:
    """An instruction that asks for a few sentences."""
    person, topic = _pick("person", rng), TOPICS[rng.integers(len(TOPICS))]
    steps = follow(world, person, (topic,))[1]
    who = ("a child", "a stranger", "a friend")[rng.integers(3)]
    told = f"Tell {who} about {person}, above all about {person}'s {topic}."
    return Problem(told, steps[-1].text, tuple(steps), key=person)


def pose_sum(world: World, rng: np.random.Generator) -> Problem:
    """A sum that is too long to do by heart: what a calculator is for."""
    del world
    boxes, each = (int(k) for k in rng.integers(12, 99, size=2))
    more = int(rng.integers(100, 1000))
    who, item = _pick("person", rng), ("apples", "beads", "coins")[rng.integers(3)]
    product, total = boxes * each, boxes * each + more
    return Problem(
        question=(
            f"{who} has {boxes} boxes with {each} {item} each. {who} gets {more} more. "
            f"How many {item} does {who} have?"
        ),
        answer=str(total),
        steps=(
            Step("multiply", f"{boxes} * {each} = {product}."),
            Step("add", f"{product} + {more} = {total}."),
        ),
        key=f"{boxes} {each} {more}",
    )


def pose_relay(world: World, rng: np.random.Generator) -> Problem:
    """Two or three questions, each about what was answered to the one before."""
    path = tuple(_PATHS[rng.integers(len(_PATHS))].split())
    person = _pick("person", rng)
    values, steps = follow(world, person, path)
    rounds = tuple(
        (f"What is {{answer}}'s {relation}?", value)
        for relation, value in zip(path[1:], values[1:], strict=True)
    )
    return Problem(
        f"What is {person}'s {path[0]}?", values[0], tuple(steps), key=person, rounds=rounds
    )


def pose_doubt(world: World, rng: np.random.Generator) -> Problem:
    """AbstainQA's first round: a question with four choices."""
    return replace(knowledge_crosswords.pose(world, rng), guesses=())


FURTHER: Final[Mapping[str, tuple[int, Callable[[World, np.random.Generator], Problem]]]] = {
    "long-text": (101, pose_long_text),
    "puzzle": (102, pose_puzzle),
    "beginning": (103, pose_beginning),
    "instruction": (104, pose_instruction),
    "sum": (105, pose_sum),
    "relay": (106, pose_relay),
    "doubt": (107, pose_doubt),
}
"""Generator name -> the number of its stream of random draws, and what poses a problem."""
