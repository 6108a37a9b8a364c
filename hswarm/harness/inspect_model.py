"""A run's found system as a model of Inspect: `inspect eval task.py --model hswarm/runs/NAME`."""

from __future__ import annotations

import asyncio
from typing import Any

from inspect_ai.model import ChatMessage, GenerateConfig, ModelAPI, ModelOutput, modelapi
from inspect_ai.tool import ToolChoice, ToolInfo

from hswarm.errors import HswarmError
from hswarm.harness.found_system import FoundSystem

_TOKENS = 256


@modelapi(name="hswarm")
class HswarmAPI(ModelAPI):
    """Answers one chat at a time; what was said before is part of the question."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  (Inspect's own signature)
        *,
        trust: bool = False,
        **_: Any,
    ) -> None:
        """Open the run or the pipeline in the folder `model_name`.

        With `trust` (-M trust=true) a pipeline may ask models and use tools not in its folder.
        """
        super().__init__(model_name, base_url, api_key, [], config)
        self._found = FoundSystem(model_name, trust=trust)

    async def generate(
        self,
        input: list[ChatMessage],  # noqa: A002  (Inspect's own signature)
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Return the end node's answer; HswarmError if tools are offered."""
        if tools:
            raise HswarmError(
                "A graph of models calls no tools of Inspect's.",
                hint="Take tasks without tools.",
            )
        question = "\n\n".join(message.text for message in input if message.text)
        most = config.max_tokens or _TOKENS
        (answer,) = await asyncio.to_thread(self._found.answer, [question], [most])
        return ModelOutput.from_content(self.model_name, answer)

    async def aclose(self) -> None:
        """Let go of the models."""
        await asyncio.to_thread(self._found.close)
