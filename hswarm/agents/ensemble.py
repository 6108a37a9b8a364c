"""An ensemble in a node: its members answer the same prompt, and one of their answers is taken.

Each member is asked as it would be alone, so that its answers are in the memo already if it was
measured alone. The answers that say the same are counted together, with the weights that the rule
gives their members, and the heaviest opinion's heaviest answer is the ensemble's.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from string import punctuation, whitespace
from typing import Annotated, Final, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from hswarm.agents.prompts import Prompt
from hswarm.agents.similarity import nearness, shares, term_counts
from hswarm.engines.request import CallFailed, Completion, Engine, ModelReference, Sampling
from hswarm.engines.streaming import unheard
from hswarm.experts.embedder import embed_question

_OPTION: Final = re.compile(r"^([A-Z])[:.)]\s", re.MULTILINE)
_LABELLED: Final = re.compile(r"[\s*_(\[\"']*([A-Z])(?:\s*$|[\s*_\"']*[:.,;)\]])")
_MARKER: Final = re.compile(r"final answer\s*:|answer is\b:?", re.IGNORECASE)


class Member(Protocol):
    """Somebody who answers a prompt."""

    async def respond(self, prompt: Prompt, sampling: Sampling, engine: Engine, /) -> Completion:
        """Answer `prompt`; raises `CallFailed` when that is not to be had."""
        ...


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Plurality(_Rule):
    """Everybody counts alike; the first in order on a tie."""

    kind: Literal["plurality"] = "plurality"


class Nearest(_Rule):
    """Those count whose training data is nearest to the question (Gururangan et al., 2023).

    `terms` has a vector per member, term -> weight; the `most` nearest members count by
    exp(cosine / temperature), the others not at all.
    """

    kind: Literal["nearest"] = "nearest"
    terms: tuple[dict[str, float], ...]
    rarity: dict[str, float]
    """Term -> its inverse document frequency; a term that is not there is unknown."""
    most: Annotated[int, Field(ge=1)]
    temperature: Annotated[float, Field(gt=0.0)]


class Embedded(_Rule):
    """As `Nearest`, by the vectors of an encoder of the user's choice."""

    kind: Literal["embedded"] = "embedded"
    vectors: tuple[tuple[float, ...], ...]
    """One per member, of length 1."""
    embedder: Annotated[str, Field(min_length=1)]
    """The encoder: a folder, or a hub id and revision."""
    fingerprint: str
    """The SHA-256 of the encoder."""
    most: Annotated[int, Field(ge=1)]
    temperature: Annotated[float, Field(gt=0.0)]


AnyRule = Plurality | Nearest | Embedded
Rule = Annotated[AnyRule, Field(discriminator="kind")]
_RULES: Final[TypeAdapter[AnyRule]] = TypeAdapter(Rule)


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Several who answer as one, by content: who they are, and by which rule (canonical JSON)."""

    members: tuple[ModelReference, ...]
    rule: str

    @classmethod
    def of(cls, members: Sequence[ModelReference], rule: AnyRule) -> Ensemble:
        """Put an ensemble together."""
        return cls(tuple(members), rule.model_dump_json())


def read_rule(text: str) -> AnyRule:
    """Read a rule; ValueError if it is none."""
    try:
        return _RULES.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"no rule of an ensemble: {error.errors()[0]['msg']}") from None


def weights(rule: AnyRule, question: str, members: int) -> list[float]:
    """Return how much each of the `members` counts for a question.

    HswarmError where that takes an encoder that is not to be had.
    """
    if isinstance(rule, Plurality):
        return [1.0] * members
    if isinstance(rule, Embedded):
        vector = embed_question(rule.embedder, rule.fingerprint, question)
        cosines = (np.array(rule.vectors) @ vector).tolist()
        return shares(cosines, most=rule.most, temperature=rule.temperature)
    return nearness(
        term_counts(question), rule.terms, rule.rarity, most=rule.most, temperature=rule.temperature
    )


def options_of(question: str) -> frozenset[str]:
    """Return the labels of the options that a question lists, a line each: A, B and so on."""
    return frozenset(_OPTION.findall(question))


def gist(answer: str, options: Collection[str] = ()) -> str:
    """Return what an answer comes to, so that answers can be told to agree.

    What follows the last "answer is" or "final answer:" on its line, else all of it. If that begins
    with the label of one of the question's `options`, it is the label: "B) Paris" and "B" agree.
    Else it is the words without case, surrounding punctuation and repeated space.
    """
    end = max((marker.end() for marker in _MARKER.finditer(answer)), default=None)
    said = answer if end is None else answer[end:].strip().partition("\n")[0]
    if (labelled := _LABELLED.match(said)) and labelled[1] in options:
        return labelled[1].casefold()
    return " ".join(said.casefold().strip(punctuation + whitespace).split())


def take_vote(
    answers: Sequence[str], counts: Sequence[float], options: Collection[str] = ()
) -> int:
    """Return whose answer is taken: the heaviest of those that agree with the most weight.

    On a tie the first one's. `options` are the labels that answers may begin with.
    """
    gists = [gist(answer, options) for answer in answers]
    opinions: Counter[str] = Counter()
    for opinion, count in zip(gists, counts, strict=True):
        opinions[opinion] += count  # type: ignore[assignment]
    agreed = max(opinions, key=lambda opinion: opinions[opinion])
    holders = [k for k, opinion in enumerate(gists) if opinion == agreed]
    return max(holders, key=lambda k: counts[k])


@dataclass(frozen=True, slots=True)
class EnsembleAgent:
    """An ensemble in a node. `members` answer as agents of their own, so accounts know them."""

    name: str
    members: tuple[Member, ...]
    rule: AnyRule

    async def respond(self, prompt: Prompt, sampling: Sampling, engine: Engine, /) -> Completion:
        """Ask everybody who counts; raises `CallFailed` as soon as one call fails for good."""
        engine = unheard(engine)  # who listens is told what is taken, not what everybody says
        counts = weights(self.rule, prompt.question, len(self.members))
        asked = [k for k, count in enumerate(counts) if count > 0.0]
        completions = await asyncio.gather(
            *(self.members[k].respond(prompt, sampling, engine) for k in asked)
        )
        if not completions:
            raise CallFailed("nobody in the ensemble counts")
        texts = [completion.text for completion in completions]
        options = options_of(prompt.question)
        taken = completions[take_vote(texts, [counts[k] for k in asked], options)]
        return Completion(
            taken.text,
            sum(completion.prompt_tokens for completion in completions),
            sum(completion.generated_tokens for completion in completions),
            taken.truncated,
            sum(completion.picodollars for completion in completions),
        )
