"""A task as it stands in the catalogue: where its data comes from and how it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hswarm.catalog import read_yaml
from hswarm.config import validated
from hswarm.errors import HswarmError
from hswarm.tasks.fields import Fields

Count = Annotated[int, Field(ge=1)]
Line = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

Metric = Literal[
    "accuracy",
    "exact match",
    "token F1",
    "effective reliability",
    "rating",
    "reward",
    "1 - toxicity",
    "harmonic mean",
    "score",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sizes(_Frozen):
    """Items per split as the papers report them, and how long an answer to them may be."""

    dev: Count
    test: Count
    max_tokens: Count | None = None
    """As the released code has it; None is what the task says for every source."""
    note: str = ""
    """Where the authors' file does not agree with what their table says."""


class ScorerSpec(_Frozen):
    """A registered scorer and its arguments."""

    name: Line
    arguments: Mapping[str, Any] = {}


class RoundsSpec(_Frozen):
    """What goes on between a question and the answer that is scored, by its registered name."""

    name: Line
    arguments: Mapping[str, Any] = {}


class AuthorsFile(_Frozen):
    """A file that the papers' authors publish, pinned by commit and content."""

    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    """On GitHub, as owner/name."""
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    path: Annotated[str, Field(pattern=r"^[\w-]+(/[\w.-]+)*\.json$")]
    sha256: Sha256


class HubDataset(_Frozen):
    """The original dataset on the Hugging Face hub, and which of its rows are dev and test.

    Where both name one split of the dataset they share no row. Rows are drawn by a fixed seed.
    """

    dataset: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    config: Line | None = None
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None
    """The commit; without one the commit of the first pull is kept."""
    dev: Line
    test: Line
    """The splits of the dataset that dev and test are drawn from."""
    fields: Fields = Fields()
    gated: bool = False
    """Whether its owners have to grant access first."""
    builder: Literal["gaia"] | None = None
    """What makes items of its rows where naming columns is not enough."""


class TaskData(_Frozen):
    """Where the items come from; a task has at least one source.

    `generator` makes the bundled set: `dev` and `test` items of it. `file` is the user's own, from
    the YAML's folder or absolute, and `dev` then says how many of its rows are for dev if it has no
    splits. `parts` are tasks whose items this one joins.
    """

    generator: Line | None = None
    dev: Count | None = None
    test: Count | None = None
    scorer: ScorerSpec | None = None
    """How the bundled set is scored, where the task's own scorer asks somebody else."""
    paper: Sizes | None = None
    """The sizes that the paper reports for the real benchmark, to be shown next to ours."""
    authors: AuthorsFile | None = None
    hub: HubDataset | None = None
    file: Line | None = None
    fields: Fields | None = None
    """The columns of `file`; without them it is in the authors' format."""
    parts: tuple[Line, ...] = ()
    missing: str = ""
    """Why there is nothing to pull, and where the data is to be had."""

    @model_validator(mode="after")
    def _has_a_source(self) -> Self:
        sources = (self.generator, self.authors, self.hub, self.file, self.parts, self.missing)
        if not any(sources):
            raise ValueError("it names no source: generator, authors, hub, file or parts")
        if self.generator and not (self.dev and self.test):
            raise ValueError("dev and test must say how many items the generator makes")
        return self


class TaskSpec(_Frozen):
    """One entry of `tasks/`. Its YAML names what the package registers and never holds code."""

    name: Line
    title: Line
    category: Line = "own"
    citation: str = ""
    description: str = ""
    data: TaskData
    template: Line | None = None
    """How an item is put, with {question} and {choices} in it; the bundled set has its own way."""
    scorer: ScorerSpec
    rounds: RoundsSpec | None = None
    metric: Metric
    """What the mean score is called."""
    max_tokens: Count
    """Tokens that a node may generate."""


def read_spec(path: Path) -> TaskSpec:
    """Return the entry in `path`; raises HswarmError for what is malformed, one line each."""
    spec = validated(TaskSpec, read_yaml(path), str(path))
    if spec.name != path.stem:
        raise HswarmError(
            f"{path}: name: the task is called {spec.name!r} but its file {path.stem!r}.",
            hint="Results carry the name, so both must be the same.",
        )
    return spec
