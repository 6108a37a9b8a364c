"""What the tiny models learn from: exchanges as they happen inside a graph, made without end.

An exchange is one node's prompt and the response it should give. Its parents' responses are
simulated: each got some way along the steps to the answer, and now and then one is empty, off the
point or wrong. The response goes as far as one can get from there with a given set of skills.

Two ideas from facts about what worked: the base sees freshly invented tables in every exchange, so
it learns to read and relay and cannot memorise; and an expert sees its own tables as they are in
the shared world, all others invented, so it learns those and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hswarm.agents.prompts import PromptRole, write_prompt
from hswarm.tasks.bundled import GENERATORS, Split, split_of
from hswarm.tasks.bundled.problem import Problem, fact
from hswarm.tasks.bundled.world import RELATIONS, World, invent_world, shared_world
from hswarm.tasks.rendering import question_text

UNKNOWN: Final = "The answer is unknown."

_TRIES: Final = 200
"""Problems drawn in one world until one has a next step of the kind asked for."""

_NO_TRAINING_SPLIT: Final = ("gaia-text", "knowledge-crosswords")


@dataclass(frozen=True, slots=True)
class Exchange:
    """A node's prompt and the response to learn."""

    prompt: str
    response: str
    contributed: str = ""
    """The first step of the response that took a skill of its own; "" if it only relays."""


def exchanges(
    skills: Collection[str],
    rng: np.random.Generator,
    *,
    focus: float = 0.0,
    split: Split = "train",
) -> Iterator[Exchange]:
    """Yield exchanges for a model with `skills` (step kinds; `read` is everybody's), endlessly.

    `focus` is the share of exchanges whose next step is one of the skills; without it, chance
    decides, and most responses are only relays. `split` is the share of the arithmetic and graph
    problems that is drawn from.
    """
    real = shared_world()
    tasks = sorted(GENERATORS)
    while True:
        focused = rng.random() < focus
        invented = invent_world(rng)
        own = {relation: real.tables[relation] for relation in RELATIONS if relation in skills}
        world = World({**invented.tables, **own})
        for _ in range(_TRIES):
            task = tasks[rng.integers(len(tasks))]
            problem = GENERATORS[task](world, rng)
            if task not in _NO_TRAINING_SPLIT and split_of(task, problem.key) != split:
                continue
            known = int(rng.integers(len(problem.steps) + 1))
            if rng.random() < 0.2:
                known = 0
            elif problem.context_chunks and rng.random() < 0.3:
                known = int(rng.integers(sum(s.kind == "read" for s in problem.steps)))
            if focused and not any(s.kind in skills for s in problem.steps[known : known + 1]):
                continue
            yield _simulate(problem, known, skills, world, rng)
            break


def ending(problem: Problem, known: int, rng: np.random.Generator) -> str:
    """Close a response that got `known` steps far: the answer, a fair guess, or "unknown"."""
    if known == len(problem.steps):
        # A choice is named by its text: tiny models do not learn to match it with its letter.
        chosen = (problem.choices or {}).get(problem.answer, f"{problem.answer}.")
        return f"The answer is {chosen}"
    if problem.guesses:
        possible = problem.guesses[known]
        return f"Maybe {possible[rng.integers(len(possible))]}."
    return UNKNOWN


def _say(problem: Problem, known: int, rng: np.random.Generator) -> str:
    return " ".join((*(s.text for s in problem.steps[:known]), ending(problem, known, rng)))


def _simulate(
    problem: Problem,
    known: int,
    skills: Collection[str],
    world: World,
    rng: np.random.Generator,
) -> Exchange:
    """One node's exchange when its parents got `known` steps far between them."""
    role: PromptRole = "entry" if known == 0 and rng.random() < 0.6 else "middle"
    if role == "middle" and rng.random() < 0.3:
        role = "end"
    responses = [] if role == "entry" else _responses(problem, known, world, rng)
    context = ""
    if problem.context_chunks:
        lone = role == "entry" and rng.random() < 0.3
        context = " ".join(problem.context_chunks) if lone else _chunk(problem, known, rng)
    reached = known
    while reached < len(problem.steps):
        step = problem.steps[reached]
        if not (step.kind in skills or (step.kind == "read" and step.text in context)):
            break
        reached += 1
    own = [step.text for step in problem.steps[known:reached] if step.kind in skills]
    return Exchange(
        prompt=write_prompt(
            role, responses, context, question_text(problem.question, problem.choices or {})
        ),
        response=_say(problem, reached, rng),
        contributed=own[0] if own else "",
    )


def _chunk(problem: Problem, known: int, rng: np.random.Generator) -> str:
    """The chunk that the node is given: more often than by chance the one that takes it on."""
    chunks = problem.context_chunks
    wanted = problem.steps[known].text if known < len(problem.steps) else ""
    if wanted in chunks and rng.random() < 0.6:
        return wanted
    return chunks[int(rng.integers(len(chunks)))]


def _responses(problem: Problem, known: int, world: World, rng: np.random.Generator) -> list[str]:
    """What the parents said: at least one got `known` steps far, none further."""
    count = 1 + int(rng.choice(6, p=[0.4, 0.25, 0.15, 0.1, 0.06, 0.04]))
    lengths = [known, *(int(rng.integers(known + 1)) for _ in range(count - 1))]
    said = [_say(problem, length, rng) for length in lengths]
    if len([length for length in lengths if length == known > 0]) >= 2 and rng.random() < 0.3:
        said.append(_wrong(problem, known, rng))
    if rng.random() < 0.15:
        said.append(_off_the_point(problem, world, rng))
    return [said[k] for k in rng.permutation(len(said))]


def _wrong(problem: Problem, known: int, rng: np.random.Generator) -> str:
    """The same steps, but the last one says something else."""
    *before, last = [s.text for s in problem.steps[:known]]
    words = last.rstrip(".").split()
    words[-1] = str(int(rng.integers(10))) if words[-1].isdigit() else words[0].split("'")[0]
    return " ".join((*before, " ".join(words) + ".", UNKNOWN))


def _off_the_point(problem: Problem, world: World, rng: np.random.Generator) -> str:
    """Nothing at all, or a true fact that nobody asked for."""
    if rng.random() < 0.3:
        return ""
    relation = list(RELATIONS)[rng.integers(len(RELATIONS))]
    subjects = list(world.tables[relation])
    subject = subjects[rng.integers(len(subjects))]
    return f"{fact(subject, relation, world.look_up(relation, subject))} {UNKNOWN}"
