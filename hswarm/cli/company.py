"""Processes that share the runs of a bench or a sweep, and how many of them do it best."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hswarm.errors import HswarmError

if TYPE_CHECKING:
    from hswarm.config import RunConfig

_MOST: Final = 4
"""Processes that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Hands:
    """How many processes share the runs, and the threads of each, as far as somebody said so."""

    processes: int | None = None
    threads: int | None = None

    def check(self, config: RunConfig) -> None:
        """Raise HswarmError if several processes were asked for and cannot be."""
        if config.budget.max_dollars is not None and (self.processes or 1) > 1:
            raise HswarmError(
                "Dollars are limited, and one process counts them.",
                hint="Leave out --processes: it asks remote models side by side as it is.",
            )

    def settled(self, config: RunConfig, left: int) -> tuple[int, int | None]:
        """Return both for so many runs, of which `config` is one; no threads: the engine's choice.

        HswarmError as for `check`.
        """
        self.check(config)
        processes = min(self.processes or _sensible(config), max(left, 1))
        shared = max(1, _cores() // processes) if processes > 1 else None
        return processes, self.threads or shared


@contextmanager
def company(words: Sequence[str], threads: int | None, number: int) -> Iterator[None]:
    """Have `number` further processes do `hswarm WORDS`; wait for them at the end."""
    command = [sys.executable, "-m", "hswarm", *words, "--processes", "1", "--quiet"]
    command += ["--threads", str(threads)] if threads is not None else []
    others = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(number)]
    try:
        yield
    finally:
        for other in others:
            other.wait()


def _sensible(config: RunConfig) -> int:
    """Return how many processes should share runs.

    Where models are so small that Python takes much of the time, threads wait for each other and
    processes do not: then it is one per core, as far as there is memory. Large models, a GPU,
    remote models and a limit of dollars are one process's.
    """
    from hswarm.agents.pool import pool_of
    from hswarm.engines.local import settle_engine

    engine, pool = settle_engine(config.engine), pool_of(config)
    if engine.name != "transformers" or pool.remote or config.budget.max_dollars is not None:
        return 1
    from hswarm.engines.transformers.placement import PROCESS, free_memory_of, pick_device
    from hswarm.engines.transformers.runner import SMALL
    from hswarm.experts.folder import weight_files
    from hswarm.experts.source import locate

    device = pick_device(engine.device)
    # The pool is not opened: that reads all weights, and each process does it for itself.
    bases = {locate(entry.base, revision=entry.revision) for entry in pool.families.values()}
    size = sum(path.stat().st_size for base in bases for path in weight_files(base))
    if size > SMALL or device.type != "cpu":
        return 1
    return max(1, min(_cores(), _MOST, free_memory_of(device) // PROCESS))


def _cores() -> int:
    return os.cpu_count() or 1
