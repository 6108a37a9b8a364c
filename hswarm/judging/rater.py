"""Who is asked to rate, by name, and the engine that asks."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator

from hswarm.engines.assemble import open_other
from hswarm.engines.endpoint import Endpoint, require_price, variable_name
from hswarm.engines.memo import MemoEngine, MemoStore
from hswarm.engines.purse import Purse
from hswarm.engines.remote import RemoteEngine
from hswarm.engines.request import Completion, Engine, Remote, Request, Sampling
from hswarm.engines.router import RouterEngine
from hswarm.errors import HswarmError
from hswarm.judging import classifier, local, offline, perspective

Line = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", protected_namespaces=(), hide_input_in_errors=True
    )


class LocalJudge(_Frozen):
    """A language model on this machine, by folder or hub id."""

    provider: Literal["local"] = "local"
    model: Line
    revision: Line | None = None
    device: str = "auto"


class OfflineJudge(_Frozen):
    """A rule in a judge's place, to try a judge's task with no network."""

    provider: Literal["offline"] = "offline"
    model: Line = "word overlap"


def _kind(judge: Any) -> str:
    provider = judge.get("provider") if isinstance(judge, dict) else judge.provider
    return provider if provider in ("local", "offline") else "remote"


Judge = Annotated[
    Annotated[Endpoint, Tag("remote")]
    | Annotated[LocalJudge, Tag("local")]
    | Annotated[OfflineJudge, Tag("offline")],
    Discriminator(_kind),
]
"""A model that is asked in words and answers in words, told apart by its `provider`.

One behind an API (`gemini`, or `openai` for anybody's server that speaks OpenAI's chat completions)
has the keys that it has in a pool file.
"""

GEMINI: Final = Endpoint(
    provider="gemini",
    model="gemini-2.5-flash",
    key="GEMINI_API_KEY",
    # A rating is short; a model that thinks first would spend its tokens on that.
    parameters={"thinking_config": {"thinking_budget": 0}},
)
"""The papers' judge is a Gemini model; theirs is not served any more."""


class Rewarder(_Frozen):
    """A sequence classifier with one output, by folder or hub id; `offline` is a rule."""

    provider: Literal["local", "offline"] = "local"
    model: Line
    revision: Line | None = None
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8


class Detector(_Frozen):
    """Who says how toxic a text is: the Perspective API, or a classifier of ours to run.

    `model` is the attribute that the API is asked for, or a folder or hub id; `label` is the
    classifier's output that stands for toxic.
    """

    provider: Literal["perspective", "local", "offline"] = "perspective"
    model: Line = "TOXICITY"
    revision: Line | None = None
    label: Line = "toxic"
    key: Line = "PERSPECTIVE_API_KEY"
    """The name of an environment variable."""
    device: str = "auto"
    batch_size: Annotated[int, Field(ge=1)] = 8

    _check_key = field_validator("key")(variable_name)


Who = Endpoint | LocalJudge | OfflineJudge | Rewarder | Detector


def open_rater(who: Who, purse: Purse | None = None) -> Engine:
    """Return the engine that asks; calls that cost money are paid from `purse`.

    HswarmError if a key, a library or a model is not there.
    """
    match who:
        case Endpoint():
            return _open_judge(who, purse)
        case LocalJudge():
            return local.open_judge(who.model, who.revision, who.device)
        case OfflineJudge():
            return offline.OverlapRule()
        case Rewarder():
            return offline.RewardRule() if who.provider == "offline" else _open_classifier(who)
        case Detector():
            return _open_detector(who)


def _open_judge(who: Endpoint, purse: Purse | None) -> Engine:
    try:
        return open_other(_title(who), who, purse)
    except HswarmError as error:
        other = "Or take another judge: --set scorer.arguments.judge.provider=…"
        raise HswarmError(str(error), hint=f"{error.hint} {other}") from None


def _title(judge: Endpoint) -> str:
    return f"the judge {judge.model}"


def _open_detector(who: Detector) -> Engine:
    if who.provider == "offline":
        return offline.ToxicityRule()
    if who.provider == "perspective":
        return perspective.open_perspective(who.model, who.key)
    return _open_classifier(who, who.label)


def _open_classifier(who: Rewarder | Detector, label: str | None = None) -> Engine:
    return classifier.open_classifier(
        who.model, who.revision, label, device=who.device, batch_size=who.batch_size
    )


def _reference(who: Who) -> Remote:
    """Return how requests name a rater."""
    if isinstance(who, Endpoint):
        return who.reference
    revision = "" if isinstance(who, OfflineJudge) else who.revision or ""
    label = who.label if isinstance(who, Detector) and who.provider == "local" else ""
    return Remote(who.provider, who.model, revision, label)


class Rater:
    """Asks one rater, each thing once; made when it is first needed.

    So a task can be read and shown without its judge's key, model or library.
    """

    def __init__(self, who: Who) -> None:
        self.who = who
        self._model = _reference(who)
        self._store: MemoStore | None = None
        self._purse: Purse | None = None
        self._loaded: RouterEngine | None = None
        self._engine: MemoEngine | None = None

    def check(self, *, limited: bool = False) -> None:
        """Raise HswarmError now where asking would: for want of a key, a library or a model.

        So it is for want of a price where dollars are `limited`. A model that is loaded is kept.
        """
        if limited and isinstance(self.who, Endpoint):
            require_price(
                _title(self.who), self.who, given_in="the task file (scorer.arguments.judge)"
            )
        engine = open_rater(self.who)
        if not isinstance(engine, RemoteEngine):  # which is cheap to open, and has no purse yet
            self._loaded = RouterEngine({self._model: engine})

    def prepare(self, store: MemoStore, purse: Purse | None = None) -> None:
        """Keep what is said in `store`, and look there first; pay from `purse`.

        To be called before anything is asked.
        """
        self._store = store
        self._purse = purse

    async def ask(self, text: str, *, max_tokens: int) -> Completion:
        """Return what the rater says; raises `CallFailed` if it fails, HswarmError if it can't."""
        if self._engine is None:
            if self._loaded is None:
                self._loaded = RouterEngine({self._model: open_rater(self.who, self._purse)})
            self._engine = MemoEngine(self._loaded, self._store)
        return await self._engine.generate(Request(self._model, text, Sampling(max_tokens)))

    async def aclose(self) -> None:
        """Store what was said and let go of the rater."""
        if self._engine is not None:
            await self._engine.aclose()
        elif self._loaded is not None:
            await self._loaded.aclose()
        self._engine = self._loaded = None
