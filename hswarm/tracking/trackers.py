"""The trackers there are, opened by name; a tracker in trouble never stops a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from hswarm.catalog import unknown
from hswarm.errors import HswarmError
from hswarm.search.events import Event, Note
from hswarm.search.result import Result
from hswarm.tracking.watcher import Beginning, Watcher

TRACKERS: Final = {
    "wandb": "WandbTracker",
    "mlflow": "MlflowTracker",
    "tensorboard": "TensorBoardTracker",
}
"""Name -> class, in the module, the library and the extra of that name."""


def open_trackers(names: Sequence[str], tell: Callable[[Note], None]) -> list[Watcher]:
    """Return trackers by name; `tell` is told if one of them fails later on.

    HswarmError for one that there is not, or whose library is not installed.
    """
    return [Careful(name, _open(name), tell) for name in dict.fromkeys(names)]


def _open(name: str) -> Watcher:
    if name not in TRACKERS:
        raise unknown("tracker", name, TRACKERS)
    if find_spec(name) is None:
        raise HswarmError(
            f"Tracking with {name} needs its library.", hint=f"pip install 'hswarm[{name}]'"
        )
    tracker: Watcher = getattr(import_module(f"hswarm.tracking.{name}"), TRACKERS[name])()
    return tracker


class Careful:
    """A tracker that is given up, with a note, when it fails: the run matters more."""

    def __init__(self, name: str, tracker: Watcher, tell: Callable[[Note], None]) -> None:
        self._name = name
        self._tracker: Watcher | None = tracker
        self._tell = tell

    def begin(self, beginning: Beginning, /) -> None:
        """Pass it on. At the beginning trouble is the user's to mend: HswarmError."""
        assert self._tracker is not None, "a tracker begins once"
        try:
            self._tracker.begin(beginning)
        except Exception as error:
            raise HswarmError(
                f"{self._name} cannot track this run: {_first_line(error)}.",
                hint=f"Set {self._name} up as its documentation says, or leave --track out. "
                "The run can be resumed.",
            ) from error

    def observe(self, event: Event, /) -> None:
        """Pass it on."""
        self._try(lambda tracker: tracker.observe(event))

    def end(self, result: Result, /) -> None:
        """Pass it on."""
        self._try(lambda tracker: tracker.end(result))

    def _try(self, act: Callable[[Watcher], None]) -> None:
        if self._tracker is None:
            return
        try:
            act(self._tracker)
        except Exception as error:
            self._tracker = None
            self._tell(Note(f"{self._name} tracks no more: {_first_line(error)}"))


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
