"""Run a program that kills itself, by SIGKILL, at a chosen moment of its writing to a run's folder.

    python dying.py 17 -m hswarm optimize --task gaia-text --run runs/one
    python dying.py 17 script.py argument

The moments are counted through everything that `hswarm.store` does to the disk: before each
opening, write, truncation, synchronisation and replacement of a file, and in the middle of each
write. A program with fewer moments ends as it would have. What SQLite writes is not counted.
"""

import os
import pathlib
import runpy
import signal
import sys

REPLACE = pathlib.Path.replace


class DyingSystem:
    """Stands for the module `os` in the store, and kills the process at its `moment`-th moment.

    Nothing is synchronised: it takes long, and what was written outlives the process anyway.
    """

    def __init__(self, moment):
        self._left = moment

    def __getattr__(self, name):
        return getattr(os, name)

    def open(self, *arguments):
        self._pass_moment()
        return os.open(*arguments)

    def write(self, descriptor, data):
        self._pass_moment()
        self._pass_moment(lambda: os.write(descriptor, data[: len(data) // 2]))
        return os.write(descriptor, data)

    def ftruncate(self, descriptor, size):
        self._pass_moment()
        os.ftruncate(descriptor, size)

    def fsync(self, _descriptor):
        self._pass_moment()

    def replace(self, source, target):
        self._pass_moment()
        return REPLACE(source, target)

    def _pass_moment(self, last_act=lambda: None):
        self._left -= 1
        if self._left == 0:
            last_act()
            os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment):
    """Let this process die at the given moment, counted from 1, of its writing from now on."""
    from hswarm.store import disk, journal, lock

    system = DyingSystem(moment)

    def replace(source, target):
        return system.replace(source, target)

    for module in (disk, journal, lock):
        module.os = system
    pathlib.Path.replace = replace


if __name__ == "__main__":
    moment, *program = sys.argv[1:]
    die_at(int(moment))
    if program[0] == "-m":
        sys.argv = program[1:]
        runpy.run_module(program[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = program
        runpy.run_path(program[0], run_name="__main__")
