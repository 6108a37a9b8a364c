"""Meta-Agent: a model proposes graphs from what the agents are said to be good at (Hu et al., 2024,
"Automated design of agentic systems").

The designer is told who there is, what was tried and how well that did, and proposes the next
graph, over and over. What was tried begins with two hand-made designs, a chain and a star, as the
archive of the original begins with known designs. A proposal is read strictly; a bad one is asked
for again, with what was wrong, and three bad ones in a row end the search.

Searched: who takes part and who reads whom. Evaluations: 20, and those of the singles where the
designer is the best of them. Departure: what is designed is a graph, not a program, as in
Heterogeneous Swarms (Feng et al., 2025), where Gemini is the designer; here it is the agent that
`search.baseline.designer` names, else the first remote model of the pool, else its best single one.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hswarm.baselines.trials import Trials, ranked
from hswarm.catalog import unknown
from hswarm.engines.request import (
    Asker,
    CallFailed,
    ModelReference,
    Remote,
    Request,
    Sampling,
    Tool,
)
from hswarm.graph.dag import LONE, Dag
from hswarm.graph.shapes import SHAPES
from hswarm.search.events import Note
from hswarm.search.found import Candidate

EVALUATIONS: Final = 20
BAD: Final = 3
"""Bad proposals in a row after which the designer is asked no more."""
SHOWN: Final = 4
"""Designs that the designer is reminded of, the best ones."""
_TOKENS: Final = 512

_TASK: Final = """\
Design a network of agents that answer a question together. An agent reads the answers of some
others and then gives its own; the last one's answer counts. Agents:
{agents}
Designs so far, and the share of questions that each got right:
{designs}
Propose a better design. Answer with JSON alone: {{"edges": [["reader's source", "reader"], ...]}}
Each pair says that the second agent reads the first. No circles; exactly one agent that nobody
reads."""


class Proposal(BaseModel):
    """What a designer has to answer."""

    model_config = ConfigDict(extra="forbid", strict=True)

    edges: list[tuple[str, str]] = Field(min_length=1, max_length=10_000)


async def meta_agent(trials: Trials) -> None:
    """Enter two hand-made designs, then what the designer proposes."""
    budget = trials.allowed(EVALUATIONS)
    name, model = await _designer(trials)
    agents = range(len(trials.roster))
    archive: dict[str, float] = {}
    if len(agents) == 1:
        await trials.enter([Candidate.place(LONE, [0], trials.roster.original_rows())])
        return
    spent = trials.setting.tally.spent
    await _enter(trials, [trials.arranged(SHAPES[shape](agents)) for shape in SHAPES][:2], archive)
    complaint, bad = "", 0
    while trials.setting.tally.spent - spent < budget and bad < BAD:
        prompt = write_task(trials, archive) + complaint
        asked = Request(model, prompt, Sampling(max_tokens=_TOKENS), Asker(name, 0))
        try:
            said = (await trials.setting.engine.generate(asked)).text
            candidate = read_proposal(said, trials)
            if write_design(candidate, trials.roster.names) in archive:
                raise ValueError("this design was tried before")
        except (CallFailed, ValueError) as error:
            complaint = f"\nYour last answer could not be used: {error}"
            bad += 1
            continue
        complaint, bad = "", 0
        await _enter(trials, [candidate], archive)
    if bad:
        trials.setting.observe(Note(f"{name} made {bad} proposals in a row that cannot be used."))


async def _enter(
    trials: Trials, candidates: Sequence[Candidate], archive: dict[str, float]
) -> None:
    utilities = await trials.enter(candidates)
    for candidate, utility in zip(candidates, utilities, strict=True):
        # One that could not be scored is remembered as the worst, so that it is not tried again.
        archive[write_design(candidate, trials.roster.names)] = (
            -math.inf if math.isnan(utility) else utility
        )


async def _designer(trials: Trials) -> tuple[str, ModelReference]:
    """Return who designs."""
    roster, models = trials.roster, trials.models()
    named = trials.setting.config.baseline.designer
    if named is not None:
        if named not in models or isinstance(models[named], Tool):
            raise unknown(
                "model to design", named, [n for n, m in models.items() if not isinstance(m, Tool)]
            )
        return named, models[named]
    remote = [(name, model) for name, model in models.items() if isinstance(model, Remote)]
    if remote:
        return remote[0]
    utilities = await trials.measure_singles()
    able = [k for k in range(len(roster)) if not isinstance(models[roster.name(k)], Tool)]
    name = roster.name(ranked(able, utilities)[0])
    return name, models[name]


def write_task(trials: Trials, archive: Mapping[str, float]) -> str:
    """Return what the designer is asked, given what was tried (design -> utility)."""
    about = trials.descriptions
    agents = [
        f"- {name}: {about[name]}" if name in about else f"- {name}" for name in trials.roster.names
    ]
    best = sorted(archive, key=lambda design: -archive[design])[:SHOWN]
    designs = [f"- {archive[d]:.3f}: {d}" for d in best if math.isfinite(archive[d])]
    return _TASK.format(agents="\n".join(agents), designs="\n".join(designs))


def write_design(candidate: Candidate, names: Sequence[str]) -> str:
    """Return a design as the designer writes it."""
    called = [names[agent] for agent in candidate.agents]
    edges = sorted([called[u], called[v]] for u, v in candidate.dag.edges)
    return json.dumps({"edges": edges})


def read_proposal(said: str, trials: Trials) -> Candidate:
    """Return the system that a designer proposes; ValueError, in a line, if it is none.

    JSON may stand in a fence of backticks, and nothing else beside it.
    """
    text = said.strip().removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        proposal = Proposal.model_validate_json(text)
    except ValidationError:
        raise ValueError("it is not JSON of the form that was asked for") from None
    numbers = {name: k for k, name in enumerate(trials.roster.names)}
    strange = sorted({name for edge in proposal.edges for name in edge} - set(numbers))
    if strange:
        raise ValueError(f"there is no agent called {strange[0]!r:.80}")
    agents = sorted({numbers[name] for edge in proposal.edges for name in edge})
    node = {agent: k for k, agent in enumerate(agents)}
    edges = [(node[numbers[u]], node[numbers[v]]) for u, v in proposal.edges]
    dag = Dag.from_edges(len(agents), edges)
    return Candidate.place(dag, agents, trials.roster.original_rows())
