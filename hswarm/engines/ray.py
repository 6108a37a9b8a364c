"""Workers: a flush is dealt out to processes, each with models of its own, on one or more machines.

The workers are Ray actors. Models reach them once, requests step by step. Whoever has done a share
gets the next one; a worker that dies is replaced, and its share goes to another. An outcome counts
when it comes back, so that nothing is counted twice.
"""

from __future__ import annotations

import math
import os
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, Batch, Ending, Outcome, Runner, Said
from hswarm.engines.request import Request
from hswarm.engines.shares import deal
from hswarm.errors import HswarmError

try:
    import ray
    from ray.exceptions import ActorDiedError, GetTimeoutError, RayError, RayTaskError
except ImportError:
    raise HswarmError(
        "Several workers need Ray, which is not installed.",
        hint="Install it: pip install 'hswarm[ray]'",
    ) from None

_SHARES: Final = 4
"""Shares of a flush for each worker at most: who is done early takes from the others."""
_SMALL: Final = 16
"""Requests of a share at least, where that makes more than one a worker."""
_DEATHS: Final = 3
"""Workers that a share may take with it."""
_KNOCK: Final = 10.0
"""Seconds within which a cluster has to be reached."""
_GOODBYE: Final = 10.0
"""Seconds that workers have to clear up."""
_PATIENCE: Final = 1800.0
"""Seconds that a worker has to load its models."""

Load = Callable[[Any, EngineConfig], Runner]
"""Makes a worker's runner, given what was shipped."""


@dataclass(slots=True)
class _Share:
    places: list[int]
    deaths: int = 0


class _Worker:
    """What runs in a worker's process."""

    def __init__(self) -> None:
        self._runner: Runner | None = None

    def load(self, load: Load, cargo: Any, config: EngineConfig) -> int:
        """Load the models; return the process's number."""
        self._runner = load(cargo, config)
        return os.getpid()

    def run(self, requests: Sequence[Request]) -> list[tuple[int, Outcome]]:
        assert self._runner is not None
        news = (pair for batch in self._runner.run(requests, Audience()) for pair in batch)
        return [(place, what) for place, what in news if not isinstance(what, Said)]

    def close(self) -> None:
        """Give back what the models hold on this machine."""
        if isinstance(self._runner, Ending):
            self._runner.close()


class RayRunner:
    """Answers requests by way of `config.workers` workers, local ones or of a cluster.

    `load(cargo, config)` makes a worker's runner; `cargo` travels once to each machine. Use it as
    any runner; `close` ends the workers.
    """

    def __init__(self, load: Load, cargo: Any, config: EngineConfig) -> None:
        """Start the workers and have them load; HswarmError if they do not."""
        self._begun = _connect(config)
        resources = ray.cluster_resources()
        cpus, gpus = resources.get("CPU", 0.0), resources.get("GPU", 0.0)
        count = config.workers
        self._options = {
            # On this machine cores are shared out as threads; a cluster keeps count of them.
            "num_cpus": 1 if config.ray is not None and cpus >= count else 0,
            "num_gpus": min(1.0, math.floor(1000 * gpus / count) / 1000),
            "max_restarts": 0,
        }
        threads = config.threads or max(1, int(cpus) // count)
        self._config = config.model_copy(update={"threads": threads})
        self._load = load
        self._cargo = ray.put(cargo)
        self._idle: list[Any] = []
        self.processes: list[int] = []
        """The workers' process numbers, for those who want to look at them."""
        try:
            self._hire(count)
        except BaseException:
            self.close()
            raise

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, yielding each share when it is done, all of it at once."""
        waiting = deque(_shares(requests, self._config.workers))
        under_way: dict[Any, tuple[Any, _Share]] = {}
        try:
            while waiting or under_way:
                while waiting and self._idle:
                    worker, share = self._idle.pop(), waiting.popleft()
                    answer = worker.run.remote([requests[place] for place in share.places])
                    under_way[answer] = (worker, share)
                [done], _ = ray.wait(list(under_way), num_returns=1)
                worker, share = under_way.pop(done)
                try:
                    outcomes = ray.get(done)
                except RayTaskError as error:
                    self._idle.append(worker)
                    raise _cause(error) from None
                except RayError as error:
                    share.deaths += 1
                    if share.deaths >= _DEATHS:
                        raise HswarmError(
                            f"{_DEATHS} workers died over the same requests: {_said(error)}.",
                            hint="Was it memory? Try fewer --workers or a smaller batch.",
                        ) from None
                    waiting.appendleft(share)
                    self._hire(1)
                    continue
                self._idle.append(worker)
                yield [(share.places[k], outcome) for k, outcome in outcomes]
        finally:
            # A share that nobody waits for any more is seen through: Ray stops no running call.
            self._idle += [worker for worker, _ in under_way.values()]

    def close(self) -> None:
        """End the workers, and Ray if it was started for them."""
        if not ray.is_initialized():
            return
        with suppress(RayError):
            ray.get([worker.close.remote() for worker in self._idle], timeout=_GOODBYE)
        self._idle = []
        if self._begun:
            ray.shutdown()

    def _hire(self, count: int) -> None:
        actor: Any = ray.remote(_Worker)
        workers = [actor.options(**self._options).remote() for _ in range(count)]
        loading = [w.load.remote(self._load, self._cargo, self._config) for w in workers]
        try:
            self.processes += ray.get(loading, timeout=_PATIENCE)
        except RayTaskError as error:
            raise _cause(error) from None
        except GetTimeoutError:
            raise HswarmError(
                f"The workers were not ready after {_PATIENCE / 60:.0f} minutes.",
                hint="Has the cluster room for so many --workers?",
            ) from None
        except ActorDiedError as error:
            raise HswarmError(
                f"A worker died while it loaded its models: {_said(error)}.",
                hint="Was it memory? Try fewer --workers.",
            ) from None
        self._idle += workers


def _connect(config: EngineConfig) -> bool:
    """Begin a Ray of our own or join the cluster at `config.ray`; False if that has been done."""
    if ray.is_initialized():
        return False
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if config.ray is None:
        ray.init(address="local", include_dashboard=False, **quiet)
        return True
    try:
        _knock(config.ray)
        ray.init(address=config.ray, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        raise HswarmError(
            f"There is no Ray cluster at {config.ray!r}: {_said(error)}.",
            hint="`ray start --head` starts one and says its address; --workers N needs none.",
        ) from None
    return True


def _knock(address: str) -> None:
    """Raise OSError if nobody listens at `address`: Ray itself would go on trying for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=_KNOCK).close()


def _shares(requests: Sequence[Request], workers: int) -> list[_Share]:
    """Deal requests out so that shares are alike, several for each worker if there are many."""
    count = workers * max(1, min(_SHARES, len(requests) // (workers * _SMALL)))
    return [_Share(places) for places in deal(requests, count)]


def _cause(error: RayTaskError) -> Exception:
    """Return what was raised in the worker."""
    cause = error.cause
    return cause if isinstance(cause, HswarmError) else error


def _said(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__
