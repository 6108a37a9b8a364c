"""What came out of a run that is one of many: its result, or why it failed, in a folder."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from hswarm.bench.runner import Done, Job
from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.disk import explained, replace_file

_RESULT: Final = "cell.json"
_FAILURE: Final = "failed.json"


class CellResult(BaseModel):
    """What a run found and how it did on every test item. The same however it was interrupted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    """With where its data is from, as "gaia-text (bundled)"."""
    fingerprint: str
    """Of the task."""
    metric: str
    method: str
    seed: int
    dev: float | None
    test: float | None
    items: tuple[str, ...]
    scores: tuple[float | None, ...]
    """One per test item; None where it could not be scored."""
    parts: tuple[str, ...]
    """The task that each item is from where several make up one, else ""."""
    failures: tuple[str, ...]
    evaluations: int = 0
    """Systems run on all dev items to find this one."""
    generated_tokens: int
    """What the method would have had to generate by itself, its test included."""

    @classmethod
    def of(cls, job: Job, done: Done, method: str) -> CellResult:
        """Return what came out of a run, of a `method` by the name it has among others."""
        task, result, tested = job.task, done.result, done.tested
        return cls(
            task=task.title,
            fingerprint=task.fingerprint,
            metric=task.metric,
            method=method,
            seed=job.config.search.seed,
            dev=result.found.dev.utility,
            test=tested.utility if math.isfinite(tested.utility) else None,
            items=tuple(example.id for example in task.test),
            scores=tested.scores,
            parts=tuple(example.part for example in task.test),
            failures=tested.failures,
            evaluations=result.evaluations,
            generated_tokens=job.watch.usage.generated_tokens,
        )


def read_result(folder: Path) -> CellResult | None:
    """Return what a run found, None if it is not done; HswarmError if it is damaged."""
    path = folder / _RESULT
    if not path.is_file():
        return None
    with explained(path):
        content = path.read_bytes()
    try:
        return CellResult.model_validate(values.loads(content))
    except (ValueError, ValidationError):
        raise HswarmError(
            f"{path} is damaged.", hint="Remove it; the cell is then done again."
        ) from None


def read_failure(folder: Path) -> str | None:
    """Return why a run failed, None if it has not."""
    path = folder / _FAILURE
    if not path.is_file():
        return None
    with explained(path):
        content = path.read_bytes()
    try:
        return str(values.loads(content)["error"])
    except (ValueError, KeyError, TypeError):
        return "it failed, and the reason is lost"


def is_ended(folder: Path) -> bool:
    """Return whether a run is done or has failed."""
    return (folder / _RESULT).is_file() or (folder / _FAILURE).is_file()


def forget_failure(folder: Path) -> None:
    """Forget that a run failed."""
    with explained(folder):
        (folder / _FAILURE).unlink(missing_ok=True)


def write_result(folder: Path, result: CellResult) -> None:
    """Keep what a run found."""
    write_json(folder / _RESULT, result.model_dump(mode="json"))
    forget_failure(folder)


def write_failure(folder: Path, error: str) -> None:
    """Keep why a run failed."""
    write_json(folder / _FAILURE, {"error": error})


def reason(error: BaseException) -> str:
    """Return an error in a line; of concurrent ones the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, HswarmError):
        return f"{error} {error.hint}"
    return f"{type(error).__name__}: {error}".rstrip(": ")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file, over what is there, into a folder that is made if it is not there."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, values.dumps(content, indent=1).encode() + b"\n")
