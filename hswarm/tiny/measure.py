"""What the models of the tiny pool can and cannot do, on items that none of them was trained on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from hswarm.agents.agent import ModelAgent
from hswarm.engines.request import Blend, Engine, Request, Sampling
from hswarm.evaluate import Evaluation, evaluate
from hswarm.experts.family import Family
from hswarm.graph.dag import LONE
from hswarm.system import System
from hswarm.tasks.task import Task
from hswarm.tiny.corpus import Exchange, exchanges
from hswarm.tiny.skills import SKILLS

BASE: Final = "base"
PROBE_SEED: Final = 424_242
"""Not a seed of the training corpus."""


@dataclass(frozen=True, slots=True)
class Ability:
    """One model's accuracies in [0, 1]: alone on each task, and on the next step of each skill."""

    model: str
    tasks: dict[str, float]
    skills: dict[str, float]


def models(family: Family) -> dict[str, ModelAgent]:
    """Return the base and every expert by name."""
    agents = {BASE: ModelAgent(BASE, Blend(family.fingerprint, ()))}
    for expert, row in zip(family.experts, np.eye(len(family)), strict=True):
        model = Blend(family.fingerprint, tuple(row.tolist()))
        agents[expert.name] = ModelAgent(expert.name, model)
    return agents


async def measure(
    family: Family, tasks: Sequence[Task], engine: Engine, *, probes: int
) -> list[Ability]:
    """Measure every model alone on the test split of `tasks` and on `probes` exchanges per skill.

    A probe is right if the response holds the one step that its model would have to contribute.
    """
    agents = models(family)
    systems = [System(LONE, (agent,)) for agent in agents.values()]
    scores: dict[str, list[Evaluation]] = {
        task.name: await evaluate(
            systems, task.test, task.scorer, engine, Sampling(task.max_tokens)
        )
        for task in tasks
    }
    drawn = {skill: draw_probes(kinds, probes) for skill, kinds in SKILLS.items()}
    sampling = Sampling(max(task.max_tokens for task in tasks))

    async def share_right(agent: ModelAgent, skill: str) -> float:
        answers = await asyncio.gather(
            *(
                engine.generate(Request(agent.model, probe.prompt, sampling))
                for probe in drawn[skill]
            )
        )
        right = [
            probe.contributed in answer.text
            for answer, probe in zip(answers, drawn[skill], strict=True)
        ]
        return sum(right) / len(right)

    return [
        Ability(
            name,
            {task: evaluations[place].utility for task, evaluations in scores.items()},
            {skill: await share_right(agent, skill) for skill in SKILLS},
        )
        for place, (name, agent) in enumerate(agents.items())
    ]


def draw_probes(kinds: Sequence[str], count: int) -> list[Exchange]:
    """Draw exchanges whose next step takes one of `kinds`, told by what it contributes."""
    rng = np.random.default_rng([PROBE_SEED, sorted(SKILLS).index(_owner(kinds))])
    drawn = exchanges(kinds, rng, focus=1.0, split="test")
    return list(islice((exchange for exchange in drawn if exchange.contributed), count))


def _owner(kinds: Sequence[str]) -> str:
    return next(name for name, owned in SKILLS.items() if tuple(owned) == tuple(kinds))
