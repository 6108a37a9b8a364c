"""What may change between two sittings of one run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hswarm.config import RunConfig
from hswarm.errors import HswarmError

BUDGET: Final = frozenset(
    {
        "search.max_iterations",
        "budget.max_tokens",
        "budget.max_seconds",
        "budget.max_dollars",
        "budget.max_evaluations",
        "budget.max_failed",
    }
)
"""Say when to stop, never what to do: raised or lifted, the search goes on as if it had always
been so. Not to be lowered: the run may have spent more already."""

FREE: Final = frozenset({"engine.batch_size", "engine.threads", "engine.workers", "engine.ray"})
"""Say how the work is cut into pieces, so that a run can go on where there is less memory or there
are more cores. Nothing that is asked of a model depends on them. (device and dtype are not among
them: they change the arithmetic; nor is memo: it changes what is counted.)"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not what it was; None stands for a key that is not there, too."""

    key: str
    """Dotted, as in `search.role.top_p`."""
    old: Any
    new: Any

    def __str__(self) -> str:
        return f"{self.key}: {self.old!r} → {self.new!r}"

    @property
    def raises_budget(self) -> bool:
        """Whether this allows the search to spend more."""
        return self.key in BUDGET and (
            self.new is None or (self.old is not None and self.new > self.old)
        )


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Compare two nested mappings leaf by leaf, by sorted key; a list is one leaf."""
    before, after = _leaves(old), _leaves(new)
    return tuple(
        Difference(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def compare_configs(old: RunConfig, new: RunConfig) -> tuple[Difference, ...]:
    """Return every setting in which `new` differs from `old`, allowed or not."""
    return differences(old.model_dump(mode="json"), new.model_dump(mode="json"))


def refuse_changes(old: RunConfig, new: RunConfig) -> tuple[Difference, ...]:
    """Return how a resumed run may change from `old` to `new`; HswarmError if it may not.

    A budget (`BUDGET`) may be raised or lifted, and how the engine cuts its work (`FREE`) may
    change. Anything else would make the second half of the search another search than the first.
    """
    changes = compare_configs(old, new)
    refused = [change for change in changes if not (change.raises_budget or change.key in FREE)]
    if not refused:
        return changes
    if all(change.key in BUDGET for change in refused):
        hint = "A run's budget can be raised but not lowered: leave it out, or start a new run."
    else:
        hint = (
            "A run keeps its settings; only its budget can be raised. Start a new run for others."
        )
    raise HswarmError(
        f"The run was begun with other settings: {'; '.join(map(str, refused))}.", hint=hint
    )


def _leaves(mapping: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def refuse_other_content(
    folder: Path, provenance: Mapping[str, Any], now: Mapping[str, str]
) -> None:
    """Raise HswarmError where the run in `folder` was begun with other models or other data.

    `provenance` is what it wrote then, `now` the fingerprints of its task and its pool today.
    """
    before = provenance.get("fingerprints", {})
    for what, fingerprint in now.items():
        if before.get(what, fingerprint) != fingerprint:
            raise HswarmError(
                f"The {what} is not what {folder} was begun with: its content has changed.",
                hint=f"Restore the {what}, or start a new run.",
            )
