"""A run is a folder: its settings, what happened, what to resume from, what came out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import yaml

from hswarm.config import RunConfig, to_yaml, validated
from hswarm.errors import HswarmError
from hswarm.store import lock, values
from hswarm.store.changes import BUDGET, Difference, refuse_changes
from hswarm.store.disk import explained, fresh, replace_file, sync_folder
from hswarm.store.journal import Journal, read_journal
from hswarm.store.lock import Lock
from hswarm.store.state import LoadedState, load_state, save_state

CONFIG: Final = "config.yaml"
PROVENANCE: Final = "provenance.json"
JOURNAL: Final = "journal.jsonl"
TIMINGS: Final = "timings.jsonl"
MEMO: Final = "memo.sqlite"
RESULT: Final = "result.json"
BILLS: Final = "bills.jsonl"
ACCOUNTS: Final = "accounts.json"

_BEFORE_CONFIG: Final = frozenset(
    {lock.NAME, PROVENANCE, fresh(Path(PROVENANCE)).name, fresh(Path(CONFIG)).name}
)
"""What a run killed while it was being created may leave; its config.yaml comes last."""


class Run:
    """A run held by this process, from `create` or `open` until `close`; a context manager.

    `journal` takes what is the same whenever and however often the run was interrupted; `timings`
    takes whatever has to do with clocks. Every method raises HswarmError, and nothing else, when
    the disk refuses.
    """

    def __init__(
        self, folder: Path, held: Lock, config: RunConfig, provenance: Mapping[str, Any]
    ) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self.config = config
        self.provenance = provenance
        """Versions and fingerprints at the creation: to report, never a reason to refuse."""
        self.journal = Journal(folder / JOURNAL)
        self.timings = Journal(folder / TIMINGS)
        self.resumed = _resume(folder, self.journal)
        """The state to go on from, None at the start."""
        self._lock = held
        self._bills: Journal | None = None
        self.timings.append({"event": "opened", "time": datetime.now(UTC).isoformat()})

    @classmethod
    def create(cls, folder: Path, config: RunConfig, provenance: Mapping[str, Any]) -> Self:
        """Begin a run in `folder`, made if it is not there; HswarmError if it holds anything."""
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        refuse_occupied(folder)
        held = Lock(folder)
        try:
            refuse_occupied(folder)  # again: another process may have been faster
            replace_file(folder / PROVENANCE, _pretty(provenance))
            replace_file(folder / CONFIG, to_yaml(config).encode())
            with explained(folder):
                sync_folder(folder.parent)
            return cls(folder, held, config, provenance)
        except BaseException:
            held.release()
            raise

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Take up the run in `folder` where its state says.

        What the journal holds beyond that state is cut off: it will happen again. HswarmError if
        there is no run, if another process holds it, or if no state of it is whole.
        """
        config = read_config(folder)
        held = Lock(folder)
        try:
            return cls(folder, held, config, read_provenance(folder))
        except BaseException:
            held.release()
            raise

    @property
    def memo(self) -> Path:
        """Where the run's memo lies."""
        return self.folder / MEMO

    def change_config(self, new: RunConfig) -> tuple[Difference, ...]:
        """Go on with `new` settings; return what differs. HswarmError if that is not allowed.

        See `changes.refuse_changes`. A result that an earlier budget led to is removed.
        """
        changes = refuse_changes(self.config, new)
        if not changes:
            return changes
        if any(change.key in BUDGET for change in changes):
            with explained(self.folder / RESULT):
                (self.folder / RESULT).unlink(missing_ok=True)
        replace_file(self.folder / CONFIG, to_yaml(new).encode())
        self.config = new
        return changes

    def save_state(self, payload: Mapping[str, Any], *, utility: float) -> None:
        """Make `payload` what the run resumes from, together with the journal as it is now.

        `utility` is the best so far, for lists of runs. Returns when both are on the disk.
        """
        self.journal.sync()
        save_state(self.folder, payload, utility=utility, journal_size=self.journal.size)

    def append_bill(self, bill: Mapping[str, Any]) -> None:
        """Note what a call cost, as soon as that is known: it is paid, whatever comes after."""
        if self._bills is None:
            self._bills = Journal(self.folder / BILLS)
        self._bills.append(bill)

    def read_bills(self) -> Iterator[dict[str, Any]]:
        """Yield what was paid for the run so far, call by call, however often it was killed."""
        return read_journal(self.folder / BILLS)

    def write_accounts(self, accounts: Mapping[str, Any]) -> None:
        """Write accounts.json: who asked how often and what that took, clocks included.

        "paid" is the dollars on every bill: judges and answers that were of no use are on it, too.
        """
        replace_file(self.folder / ACCOUNTS, _pretty(accounts))

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Write result.json: equal results give equal bytes."""
        self.journal.sync()
        replace_file(self.folder / RESULT, _pretty(result))

    def read_result(self) -> dict[str, Any] | None:
        """Return the result, None if the run is not finished."""
        return read_result(self.folder)

    def close(self) -> None:
        """Let go of the run."""
        self.journal.close()
        self.timings.close()
        if self._bills is not None:
            self._bills.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def new_folder(root: Path, task: str, now: datetime) -> Path:
    """Make and return an empty folder `<root>/<task>-<time>`, numbered where that one is taken."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(task).stem).strip("-.") or "run"
    name = f"{words}-{now:%Y%m%d-%H%M%S}"
    number = 1
    with explained(root / name):
        root.mkdir(parents=True, exist_ok=True)
        while True:
            folder = root / (name if number == 1 else f"{name}-{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder


def is_run(folder: Path) -> bool:
    """Return whether a run was created in `folder`."""
    return (folder / CONFIG).is_file()


def refuse_occupied(folder: Path) -> None:
    """Raise HswarmError if `folder` holds anything but what a run killed at its creation left."""
    if not folder.exists():
        return
    if is_run(folder):
        raise HswarmError(
            f"{folder} already holds a run.",
            hint=f"Go on with it by `hswarm optimize --resume {folder}`, or choose another folder.",
        )
    with explained(folder):
        foreign = sorted(entry.name for entry in folder.iterdir())
    foreign = [name for name in foreign if name not in _BEFORE_CONFIG]
    if foreign:
        raise HswarmError(
            f"{folder} is not empty: it holds {foreign[0]}.",
            hint="A run needs a folder of its own: choose one that is empty or not there yet.",
        )


def read_config(folder: Path) -> RunConfig:
    """Return the settings of the run in `folder`; HswarmError if there are none."""
    path = folder / CONFIG
    if not is_run(folder):
        raise HswarmError(
            f"There is no run in {folder}.", hint="`hswarm runs` lists the runs there are."
        )
    with explained(path):
        content = path.read_bytes()
    try:
        settings = yaml.safe_load(content)
    except yaml.YAMLError:
        raise HswarmError(
            f"{path} is damaged: it is no YAML.", hint="Restore it, or start a new run."
        ) from None
    return validated(RunConfig, settings, str(path))


def read_provenance(folder: Path) -> dict[str, Any]:
    """Return versions and fingerprints as they were at the creation; empty if they are lost."""
    return _read_lightly(folder / PROVENANCE)


def refuse_blended(folder: Path) -> None:
    """Raise HswarmError if the run in `folder` lies between two others: nothing was searched."""
    between = read_provenance(folder).get("between")
    if between is not None:
        raise HswarmError(
            f"{folder} is no search: it lies between {' and '.join(between['runs'])}.",
            hint="Go on with one of those, and blend again.",
        )


def _read_lightly(path: Path) -> dict[str, Any]:
    try:
        found = values.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_accounts(folder: Path) -> dict[str, Any]:
    """Return who asked how often and what that took; empty if that was never written, or is lost.

    Nothing depends on it.
    """
    return _read_lightly(folder / ACCOUNTS)


def read_result(folder: Path) -> dict[str, Any] | None:
    """Return the result of the run in `folder`, None if there is none; HswarmError if damaged."""
    path = folder / RESULT
    if not path.exists():
        return None
    with explained(path):
        content = path.read_bytes()
    try:
        result = values.loads(content)
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise HswarmError(
            f"{path} is damaged.",
            hint=f"Remove it and write it again: hswarm optimize --resume {folder}",
        )
    return result


def _resume(folder: Path, journal: Journal) -> LoadedState | None:
    loaded = load_state(folder, journal_size=journal.size)
    journal.cut(loaded.state.journal_size if loaded else 0)
    return loaded


def _pretty(content: Mapping[str, Any]) -> bytes:
    return values.dumps(content, indent=2).encode() + b"\n"
