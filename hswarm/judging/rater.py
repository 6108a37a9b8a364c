"""Who is asked to rate, by name, and the engine that asks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hswarm.engines.memo import MemoEngine, MemoStore
from hswarm.engines.request import Completion, Engine, Remote, Request, Sampling
from hswarm.judging import chat, classifier, local, offline, perspective

Line = Annotated[str, Field(min_length=1)]

GEMINI = "https://generativelanguage.googleapis.com/v1beta/openai/"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Judge(_Frozen):
    """A model that is asked in words and answers in words.

    `gemini` and `openai` (any server that speaks OpenAI's API, at `endpoint`) are remote, their key
    in the environment variable `key`; `local` is a folder or hub id; `offline` rates by a rule, to
    try a judge's task with no network.
    """

    provider: Literal["gemini", "openai", "local", "offline"] = "gemini"
    model: Line = "gemini-2.5-flash"
    endpoint: Line | None = None
    key: Line | None = None
    """The name of an environment variable."""

    def open(self) -> Engine:
        """Return the engine that asks; HswarmError if its key, library or model is not there."""
        if self.provider == "offline":
            return offline.OfflineJudge()
        if self.provider == "local":
            return local.open_judge(self.model)
        own = (GEMINI, "GEMINI_API_KEY") if self.provider == "gemini" else (None, "OPENAI_API_KEY")
        return chat.open_chat(self.endpoint or own[0], self.key or own[1])


class Rewarder(_Frozen):
    """A sequence classifier with one output, by folder or hub id; `offline` is a rule."""

    provider: Literal["local", "offline"] = "local"
    model: Line
    revision: Line | None = None
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8

    def open(self) -> Engine:
        """Return the engine that asks; HswarmError if the model is not to be had."""
        if self.provider == "offline":
            return offline.OfflineReward()
        return classifier.open_classifier(
            self.model, self.revision, None, device=self.device, batch_size=self.batch_size
        )


class Detector(_Frozen):
    """Who says how toxic a text is: the Perspective API, or a classifier of ours to run.

    `label` is the classifier's output that stands for toxic.
    """

    provider: Literal["perspective", "local", "offline"] = "perspective"
    model: Line = "TOXICITY"
    revision: Line | None = None
    label: Line = "toxic"
    key: Line = "PERSPECTIVE_API_KEY"
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8

    def open(self) -> Engine:
        """Return the engine that asks; HswarmError if its key or model is not there."""
        if self.provider == "offline":
            return offline.OfflineToxicity()
        if self.provider == "perspective":
            return perspective.open_perspective(self.key)
        return classifier.open_classifier(
            self.model, self.revision, self.label, device=self.device, batch_size=self.batch_size
        )


class Rater:
    """Asks one rater, each thing once; made when it is first needed.

    So a task can be read and shown without its judge's key, model or library.
    """

    def __init__(self, who: Judge | Rewarder | Detector) -> None:
        self.who = who
        self._store: MemoStore | None = None
        self._engine: MemoEngine | None = None

    def remember(self, store: MemoStore) -> None:
        """Keep what is said in `store`, and look there first; before anything is asked."""
        self._store = store

    async def ask(self, text: str, *, max_tokens: int) -> Completion:
        """Return what the rater says; raises `CallFailed` if it fails, HswarmError if it can't."""
        if self._engine is None:
            self._engine = MemoEngine(self.who.open(), self._store)
        model = Remote(self.who.provider, self.who.model)
        return await self._engine.generate(Request(model, text, Sampling(max_tokens)))

    async def aclose(self) -> None:
        """Store what was said and let go of the rater."""
        if self._engine is not None:
            await self._engine.aclose()
            self._engine = None
