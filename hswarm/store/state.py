"""What a search resumes from: the newest state that is whole, or the one before it.

A state is one file, `{"sha256":"…","state":…}`, of which the checksum covers every byte after it.
It is written beside the old one, brought to the disk, and takes its place in one move; the old one
is kept as `state.previous.json`. A kill, a power cut or a full disk at any moment thus leaves at
least one whole state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hswarm.errors import HswarmError
from hswarm.store import values
from hswarm.store.disk import explained, fresh, move, write_synced

CURRENT: Final = "state.json"
PREVIOUS: Final = "state.previous.json"
SCHEMA: Final = 2

_HEAD: Final = b'{"sha256":"%s","state":'
_TAIL: Final = b"}\n"
_BODY_AT: Final = len(_HEAD % (b"0" * 64))


@dataclass(frozen=True, slots=True)
class State:
    """A saved state: what the search said (`payload`) and how it fits the rest of the run."""

    payload: dict[str, Any]
    utility: float
    """The best utility so far."""
    generation: int
    """Counts the states of a run, from 1."""
    journal_size: int
    """Bytes that the journal had then; what it holds beyond them came later."""


@dataclass(frozen=True, slots=True)
class LoadedState:
    """The state that a run resumes from."""

    state: State
    note: str | None
    """Why this is the previous state, where it is; None when all is well."""

    @property
    def used_previous(self) -> bool:
        """Whether the newest state was not to be had."""
        return self.note is not None


def save_state(
    folder: Path, payload: Mapping[str, Any], *, utility: float, journal_size: int
) -> State:
    """Write the next generation of the state of the run in `folder`.

    HswarmError if the disk refuses: the newest whole state is still there then, and if it is not
    `state.json` it is `state.previous.json`. For what `payload` may hold, and how it comes back,
    see `values.dumps`.
    """
    current, previous = folder / CURRENT, folder / PREVIOUS
    last = _read(current)
    newest = last or _read(previous)
    state = State(
        dict(payload), float(utility), newest.generation + 1 if newest else 1, journal_size
    )
    with explained(current):
        write_synced(fresh(current), _pack(state))
        # A damaged file must never take the place of the whole one that is kept.
        if last is not None:
            move(current, previous)
        move(fresh(current), current)
    return state


def load_state(folder: Path, *, journal_size: int) -> LoadedState | None:
    """Return the newest whole state of the run in `folder`; None if none was ever saved.

    A state that speaks of more journal than the `journal_size` bytes there are is passed over like
    a damaged one. HswarmError if there are only such, or if another version wrote them.
    """
    reasons: list[str] = []
    for name in (CURRENT, PREVIOUS):
        state = _read(folder / name)
        if state is not None and state.journal_size <= journal_size:
            note = (
                f"{reasons[0]}; resuming from {PREVIOUS}, one iteration earlier"
                if reasons
                else None
            )
            return LoadedState(state, note)
        if state is not None:
            reasons.append(f"{name} is newer than the journal")
        elif (folder / name).exists():
            reasons.append(f"{name} is damaged")
        else:
            reasons.append(f"{name} is missing")
    if not (folder / CURRENT).exists() and not (folder / PREVIOUS).exists():
        return None
    raise HswarmError(
        f"The run {folder} cannot be resumed: {' and '.join(reasons)}.",
        hint=f"Start again in a new folder with the settings in {folder / 'config.yaml'}.",
    )


def newest_state(folder: Path) -> State | None:
    """Return the newest whole state without a look at the journal; None if there is none."""
    return _read(folder / CURRENT) or _read(folder / PREVIOUS)


def _pack(state: State) -> bytes:
    body = values.dumps(
        {
            "schema": SCHEMA,
            "generation": state.generation,
            "journal_size": state.journal_size,
            "utility": state.utility,
            "payload": state.payload,
        }
    ).encode()
    return _HEAD % _checksum(body) + body + _TAIL


def _read(path: Path) -> State | None:
    """Return the state in `path`, None if it is missing or not whole."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:  # an unreadable block is damage like any other
        return None
    body = data[_BODY_AT : -len(_TAIL)]
    if data != _HEAD % _checksum(body) + body + _TAIL:
        return None
    content = values.loads(body)
    if content["schema"] != SCHEMA:
        raise HswarmError(
            f"{path} was written by another version of hswarm (form {content['schema']}, this "
            f"one reads form {SCHEMA}).",
            hint=f"Use the version named in {path.parent / 'provenance.json'}.",
        )
    return State(
        content["payload"], content["utility"], content["generation"], content["journal_size"]
    )


def _checksum(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
