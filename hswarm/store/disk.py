"""Writes that happen wholly or not at all, and disk trouble said in plain words."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from hswarm.errors import HswarmError

NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""The disk is full, the user's quota is spent, or the file may not grow any further."""


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system says about `path` into an `HswarmError` that says how to go on."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise HswarmError(
                f"There is no room left on the disk for {path}.",
                hint="What was saved before is intact: make room, then go on with "
                f"`hswarm optimize --resume {path.parent}`.",
            ) from error
        reason = error.strerror or error
        raise HswarmError(
            f"{path} cannot be read or written: {reason}.",
            hint="Check that the folder exists, that you may write to it, and that the disk is in "
            "order.",
        ) from error


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of `data`: the system may take it piecemeal, above all when room runs out."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def write_synced(path: Path, data: bytes) -> None:
    """Write a file anew and return when it is on the disk; OSError leaves no part of it behind."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        try:
            write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def move(source: Path, target: Path) -> None:
    """Put `source` in the place of `target`, both in one folder, and have the disk remember it."""
    source.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Return when the folder's list of names is on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fresh(path: Path) -> Path:
    """Return where the successor of `path` is written before it takes its place."""
    return path.with_name(f"{path.name}.new")


def replace_file(path: Path, data: bytes) -> None:
    """Give `path` new content: at every moment, and after a crash, it is the old or the new one.

    HswarmError if that cannot be done; the old content is still there then.
    """
    with explained(path):
        write_synced(fresh(path), data)
        move(fresh(path), path)
