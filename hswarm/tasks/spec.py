"""A task as it stands in the catalogue: where its data comes from and how it is scored."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hswarm.catalog import read_yaml
from hswarm.config import validated
from hswarm.errors import HswarmError

Count = Annotated[int, Field(ge=1)]
Line = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sizes(_Frozen):
    """Items per split."""

    dev: Count
    test: Count


class GeneratedData(_Frozen):
    """Data that a generator of the package makes: `dev` and `test` items of it."""

    generator: Line
    dev: Count
    test: Count
    paper: Sizes | None = None
    """The sizes that the paper reports for the real benchmark, to be shown next to ours."""


class ScorerSpec(_Frozen):
    """A registered scorer and its arguments."""

    name: Line
    arguments: Mapping[str, Any] = {}


class TaskSpec(_Frozen):
    """One entry of `tasks/`. Its YAML names what the package registers and never holds code."""

    name: Line
    title: Line
    category: Line
    citation: Line
    description: Line
    data: GeneratedData
    scorer: ScorerSpec
    metric: Literal["accuracy", "exact match"]
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
