"""The code of a pipeline that was exported as an MLflow model: copied into it, and run by MLflow.

Give it a list of {"question": ..., "context_chunks": [...]}; it returns a list of answers.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mlflow.models import set_model
from mlflow.pyfunc import PythonModel, PythonModelContext
from pydantic import BaseModel

from hswarm.pipeline.load import load


class Question(BaseModel):
    """A question, and the context that is dealt over the nodes."""

    question: str
    context_chunks: list[str] = []


class Answering(PythonModel):
    """The pipeline; the questions of a call share batches, calls come one after another."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open the pipeline in the model's artifacts."""
        trust = bool(context.model_config["trust"])
        self._pipeline = load(context.artifacts["pipeline"], trust=trust)
        # Of its own, as one loop may run already where MLflow calls.
        self._caller = ThreadPoolExecutor(1)

    def predict(self, model_input: list[Question]) -> list[str]:
        """Return the answers."""
        return self._caller.submit(asyncio.run, self._answer(model_input)).result()

    async def _answer(self, questions: list[Question]) -> list[str]:
        transcripts = await asyncio.gather(
            *(
                self._pipeline.respond(asked.question, context_chunks=asked.context_chunks)
                for asked in questions
            )
        )
        return [transcript.answer for transcript in transcripts]


set_model(Answering())
