"""Faults to be had on purpose."""

import errno
import os
import pathlib
from contextlib import contextmanager

import pytest

from hswarm.store import disk, journal

REPLACE = pathlib.Path.replace


class FullSystem:
    """Stands for the module `os` in the store: a disk that fills up at its `moment`-th change.

    The write that fills it is taken by half. It stays full, so everything after fails too.
    """

    def __init__(self, moment, code):
        self._left = moment
        self._code = code

    @property
    def has_filled_up(self):
        return self._left <= 0

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, path, flags, *mode):
        if flags & os.O_CREAT:
            self._change()
        return os.open(path, flags, *mode)

    def write(self, descriptor, data):
        if self._left == 1 and len(data) > 1:
            self._left = 0
            return os.write(descriptor, data[: len(data) // 2])
        self._change()
        return os.write(descriptor, data)

    def fsync(self, descriptor):
        self._change()
        os.fsync(descriptor)

    def replace(self, source, target):
        self._change()
        return REPLACE(source, target)

    def _change(self):
        self._left -= 1
        if self._left <= 0:
            raise OSError(self._code, os.strerror(self._code))


@pytest.fixture
def full_disk(monkeypatch):
    """Return `fill(moment, code=ENOSPC)`, a context manager: within it the disk fills up then."""

    @contextmanager
    def fill(moment, code=errno.ENOSPC):
        system = FullSystem(moment, code)

        def replace(source, target):
            return system.replace(source, target)

        with monkeypatch.context() as patch:
            patch.setattr(disk, "os", system)
            patch.setattr(journal, "os", system)
            patch.setattr(pathlib.Path, "replace", replace)
            yield system

    return fill
