"""A run's found system as a model of lm-evaluation-harness.

    import lm_eval
    from hswarm.harness.lm_eval_model import HswarmLM

    lm_eval.simple_evaluate(model=HswarmLM(run="runs/NAME"), tasks=["gsm8k"])

It generates; a graph of models has no likelihood, so tasks that compare those are refused.
"""

from __future__ import annotations

from typing import Any, NoReturn

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.api.registry import register_model

from hswarm.errors import HswarmError
from hswarm.harness.found_system import FoundSystem

_TOKENS = 256


@register_model("hswarm")
class HswarmLM(LM):
    """Answers the harness's generation requests, all at once."""

    def __init__(self, run: str, *, trust: bool = False, **_: Any) -> None:
        """Open the run or the pipeline in the folder `run`.

        With `trust` a pipeline may ask models and use tools that are not in its folder. What else
        the harness passes is not for a graph.
        """
        super().__init__()
        self._found = FoundSystem(run, trust=trust)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        """Return the answers, each cut at the first of its stop strings."""
        asked = [request.args for request in requests]
        most = [int(kwargs.get("max_gen_toks", _TOKENS)) for _, kwargs in asked]
        answers = self._found.answer([context for context, _ in asked], most)
        return [_cut(a, kwargs.get("until")) for a, (_, kwargs) in zip(answers, asked, strict=True)]

    def loglikelihood(self, requests: list[Instance]) -> NoReturn:
        """Refuse: HswarmError."""
        raise _no_likelihood()

    def loglikelihood_rolling(self, requests: list[Instance]) -> NoReturn:
        """Refuse: HswarmError."""
        raise _no_likelihood()

    def close(self) -> None:
        """Let go of the models."""
        self._found.close()


def _cut(answer: str, until: str | list[str] | None) -> str:
    for stop in [until] if isinstance(until, str) else until or []:
        answer = answer.split(stop, 1)[0] if stop else answer
    return answer


def _no_likelihood() -> HswarmError:
    return HswarmError(
        "A graph of models answers; it has no likelihood.",
        hint="Take tasks that generate, such as gsm8k, not multiple_choice ones.",
    )
