"""A judge rates answers from 1 to 10, with the prompts of the two papers; the score is a tenth."""

from __future__ import annotations

import re
from typing import Final, Literal

from hswarm.engines.request import CallFailed
from hswarm.judging.rater import GEMINI, Judge
from hswarm.tasks.scorers.rated import RatedScorer
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.task import Example

SIMILARITY: Final = (
    "Please evaluate how similar is the following response to the ground truth answer. Please rate "
    "the response on a scale of 1 to 10, where 1 is the worst and 10 is the best. Please respond "
    "with Rating: ?/10 first and then provide your reason.\n\nGround truth: {gold}\n\n"
    "Generated response: {answer}"
)
"""Heterogeneous Swarms (Feng et al., 2025), Table 7."""

QUALITY: Final = """\
For the following instruction and response, please rate the response on a scale of 1 to 10, where \
1 is the worst and 10 is the best. Below is an example of a good (instruction, response) pair:

Instruction: {example_instruction}

Response: {example_response}

Please respond with "Rating: ?/10" first and then provide your reason.

Instruction: {question}

Response: {answer}"""
"""Model Swarms (Feng et al., 2024), Table 13, where a person's example stands for a good pair."""

EXAMPLE_INSTRUCTION: Final = (
    "How does tourism influence property values and the real estate market in major tourist "
    "destinations, and what are some of the potential benefits and drawbacks of these changes for "
    "local residents?"
)
EXAMPLE_RESPONSE: Final = (
    "Tourism significantly influences property values and the real estate market in major tourist "
    "destinations by driving up demand for short-term rentals, vacation homes, and investment "
    "properties. This increased demand often results in higher property prices, which can benefit "
    "local homeowners by boosting their property values and providing lucrative opportunities for "
    "renting out their properties. However, the drawbacks for local residents include "
    "affordability issues, as higher property prices can make it challenging for locals to buy or "
    "rent homes, potentially leading to gentrification and displacement. Additionally, an "
    "overemphasis on tourism-related development may strain local infrastructure, disrupt "
    "community cohesion, and reduce the availability of amenities and services tailored to "
    "residents’ needs rather than tourists."
)

_FORM = re.compile(r"[\s*_#\"“]*rating\s*:[\s*_]*(10|[1-9])\s*/\s*10(?!\d)", re.IGNORECASE)
_AGAIN: Final = (
    '\n\nBegin your reply with "Rating: ?/10", the question mark replaced by a whole number from '
    "1 to 10."
)
_TOKENS: Final = 256
"""For the rating, and for models that think a little before they say it."""


class JudgeScorer(RatedScorer):
    """Asks a judge, at temperature 0 and each thing once, and parses its rating strictly.

    A judge that does not begin with a rating is asked again, told its form; then the item is not
    scored. `similarity` compares with a gold answer, `quality` rates a response to an instruction,
    beside `example`, an instruction and a response that are good.
    """

    prompt: Literal["similarity", "quality"]
    judge: Judge = GEMINI
    example: tuple[str, str] = (EXAMPLE_INSTRUCTION, EXAMPLE_RESPONSE)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """A tenth of 1 to 10."""
        return 0.1, 1.0

    def who(self) -> Judge:
        """Return the judge."""
        return self.judge

    def lacks(self, example: Example) -> str | None:
        """Similarity needs a gold answer; quality nothing."""
        return BaseScorer.lacks(self, example) if self.prompt == "similarity" else None

    async def __call__(self, example: Example, answer: str, /) -> float:
        """Return the rating as a tenth, 0.1 to 1; raises `CallFailed` where there is none.

        Of several gold answers the most similar counts.
        """
        if self.prompt == "quality":
            return await self._rating(self._quality(example.question, answer))
        prompts = [_fill(SIMILARITY, gold=gold, answer=answer) for gold in example.answers]
        return max([await self._rating(prompt) for prompt in prompts])

    def _quality(self, question: str, answer: str) -> str:
        instruction, response = self.example
        return _fill(
            QUALITY,
            example_instruction=instruction,
            example_response=response,
            question=question,
            answer=answer,
        )

    async def _rating(self, prompt: str) -> float:
        for asked in (prompt, prompt + _AGAIN):
            reply = await self._rater.ask(asked, max_tokens=_TOKENS)
            rating = parse_rating(reply.text)
            if rating is not None:
                return rating / 10
        raise CallFailed(f"the judge gave no rating but {reply.text[:60]!r}")


def parse_rating(reply: str) -> int | None:
    """Return the rating 1 to 10 that a reply begins with, as "Rating: 7/10", else None."""
    found = _FORM.match(reply)
    return int(found[1]) if found else None


def _fill(template: str, **parts: str) -> str:
    """Put each part in its place; braces in a part stay what they are."""
    return re.sub(r"\{(\w+)\}", lambda place: parts[place[1]], template)
