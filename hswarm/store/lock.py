"""One process at a time works on a run."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from hswarm.errors import HswarmError
from hswarm.store.disk import explained

NAME: Final = "run.lock"
_PATIENCE: Final = 0.2
"""Seconds. `is_held` holds the lock for some microseconds, which must not look like an owner."""
_PAUSE: Final = 0.02


class Lock:
    """The right to change a run, held from creation until `release`.

    The system takes it back when the process ends, SIGKILL included, so that a dead process never
    blocks a run. The file stays; it holds the process id of the last owner.
    """

    def __init__(self, folder: Path, name: str = NAME, *, patience: float = _PATIENCE) -> None:
        """Take the lock of `folder`, or of what in it has the lock `name`.

        HswarmError if another process (or this one) still holds it after `patience` seconds.
        """
        path = folder / name
        with explained(path):
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with explained(path):
                taken = _take(self._descriptor, patience)
            if not taken:
                raise HswarmError(
                    f"Another process{_owner(self._descriptor)} is at work on the run {folder}.",
                    hint="Wait until it ends, or stop it; or choose another folder.",
                )
        except HswarmError:
            os.close(self._descriptor)
            raise
        with suppress(OSError):  # the id only helps a person; the lock holds without it
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, str(os.getpid()).encode())

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def take(folder: Path) -> Lock | None:
    """Return the lock of `folder`, made if it is not there; None if another process has it."""
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    if is_held(folder):
        return None
    try:
        return Lock(folder)
    except HswarmError:  # another process was faster
        return None


def is_held(folder: Path) -> bool:
    """Return whether a process holds the lock of `folder`; writes nothing."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _take(descriptor: int, patience: float) -> bool:
    until = time.monotonic() + patience
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_PAUSE)


def _owner(descriptor: int) -> str:
    number = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return f" (pid {number})" if number.isdigit() else ""
