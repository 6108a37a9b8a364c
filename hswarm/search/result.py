"""What a run found: the same object for the command line, for Python and for `result.json`.

It holds no times, so that an interrupted and resumed run writes the same bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from hswarm.engines.purse import Limit
from hswarm.errors import HswarmError
from hswarm.search.found import Candidate
from hswarm.search.roster import Roster


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Score(_Frozen):
    """A mean score on a split: over how many items, how many more could not be scored."""

    utility: float | None
    """None where nothing could be scored."""
    interval: tuple[float, float] | None = None
    """Its 95 % confidence interval."""
    items: int
    unscored: int = 0


class Node(_Frozen):
    """A node of the found graph: who sits there, its weights, whom it reads."""

    agent: str
    coefficients: dict[str, float]
    """Expert -> coefficient, exact zeros left out; empty where no expert sits."""
    parents: tuple[int, ...]
    made: str | None = None
    """Of an expert that was made in the run, and lies in its folder: the SHA-256 of it."""
    members: tuple[str, ...] = ()
    """Of an ensemble: the agents that answer as one."""
    rule: str | None = None
    """Of an ensemble: how one of their answers is taken, as JSON."""


class SystemReport(_Frozen):
    """A system and how it did."""

    name: str
    nodes: tuple[Node, ...]
    dev: Score
    test: Score
    p_value: float | None = None
    """One-sided, that the found system is no better than this one on test; None for itself."""
    p_test: str | None = None


class Selection(_Frozen):
    """How the found system was chosen: a choice by noisy numbers makes them look too good."""

    searched: Score
    """Of the found system on the dev items that the search chose by."""
    held: Score | None
    """On the dev items held out of the search; None if none were."""
    finalists: int
    """Systems that were told apart by all dev items at the end."""
    bias: float | None
    """The utility on the items searched on less that on test; None where one is unknown."""


class UsageReport(_Frozen):
    """Requests, tokens and dollars, counted once per distinct request."""

    answered: int
    generated: int
    prompt_tokens: int
    generated_tokens: int
    dollars: float = 0.0


class TokenShare(_Frozen):
    """How many of a family's tokens all families of a mixture have."""

    family: str
    tokens: int
    shared: int
    missing: tuple[str, ...]
    """Some of the others, as text."""


class TokensReport(_Frozen):
    """Where tokens were mixed: over what, and what that left out."""

    families: tuple[TokenShare, ...]
    left_out: float
    """The probability that experts gave to tokens that others do not have, which are out of the
    mixture: a mean over all tokens that the run generated."""


class Result(_Frozen):
    """The outcome of a run."""

    schema_version: Literal[1] = 1
    task: str
    """With "(bundled)" where the data is hswarm's own, not the benchmark's."""
    pool: str
    method: str
    seed: int
    iterations: int
    stopped: Literal["done", "max-iterations", "patience"] | Limit
    """Why it ended; a baseline that tried all that it tries is done."""
    evaluations: int = 0
    """Systems that were run on all dev items to find this one."""
    spared: int = 0
    """Dev items that some of them were not run on after all, since those could change nothing, or
    the system fell out of a race."""
    race: float | None = None
    """Where systems fell out of races, and the search is approximate: at which confidence each."""
    found: SystemReport
    compared: tuple[SystemReport, ...]
    search: UsageReport
    """What the search itself asked for."""
    total: UsageReport
    """That and what the comparisons and the test split took."""
    failures: tuple[str, ...] = ()
    """Items that could not be scored, by name and reason."""
    found_in: int
    """The iteration that found the system; 0 is the start."""
    selection: Selection | None = None
    tokens: TokensReport | None = None
    """None where weights were mixed."""

    @property
    def best_single(self) -> SystemReport:
        """The single model to beat; HswarmError if there were no dollars left to find it."""
        for report in self.compared:
            if report.name == "best single":
                return report
        raise HswarmError(
            "The single models were not measured: the dollars were spent.",
            hint="Resume the run with a higher --max-dollars.",
        )


def describe(candidate: Candidate, roster: Roster) -> tuple[Node, ...]:
    """Return the nodes of a candidate in words and numbers."""
    return tuple(
        Node(
            agent=roster.name(agent),
            coefficients=roster.coefficients(agent, row),
            parents=parents,
            made=roster.made(agent),
            members=roster.ensemble(agent)[0],
            rule=roster.ensemble(agent)[1],
        )
        for agent, row, parents in zip(
            candidate.agents, candidate.rows, candidate.dag.parents, strict=True
        )
    )


def dump(result: Result) -> dict[str, Any]:
    """Return the result as JSON values."""
    return result.model_dump(mode="json")
