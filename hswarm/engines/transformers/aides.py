"""Aides: where models are small, processes answer what is much, side by side.

Python runs in one thread of a process at a time. Of a small model it takes so much of the time that
lanes, which are threads, wait for each other more than they compute; processes do not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import IO, Any, Final, NamedTuple
from weakref import finalize

import torch

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, Batch
from hswarm.engines.request import Request
from hswarm.engines.shares import deal
from hswarm.engines.transformers import aide
from hswarm.engines.transformers.placement import PROCESS, free_memory_of
from hswarm.engines.transformers.runner import TransformersRunner
from hswarm.experts.family import Family

_FEW: Final = 32
"""Requests in a flush that are too few to be dealt out."""

_MUCH: Final = 1_000
"""Requests, few ones aside, after which more are to be expected: some seconds' work, as long as
aides take to start. What is over sooner is not held up by them."""

_HEARTBEAT: Final = 0.1
"""Seconds without news after which it is looked at whether anybody waits for any."""

_COMMAND: Final = (sys.executable, "-c", f"from {aide.__name__} import main; main()")

Heard = SimpleQueue[tuple[int, dict[str, Any] | None]]
"""What is heard of shares, by their number; None where nothing more will be."""


class AidedRunner:
    """Answers as `own` does, a runner for `family`; where there is much to do, aides do it.

    There are as many as `own` has lanes, each with one thread, or as there is memory for. If one of
    them fails, what it had to do is done here, and so is everything from then on.
    """

    def __init__(self, own: TransformersRunner, family: Family, config: EngineConfig) -> None:
        self._own = own
        self._family = family
        self._config = config.model_copy(update={"threads": 1})
        # Answers depend on what shares their batch in shorter formats, and so on who is ready when.
        exact = config.dtype in {"auto", "float32"}
        self._wanted = own.team.lanes if exact and own.team.lanes > 1 else 0
        self._met = 0
        self._aides: list[_Aide] = []

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        """Answer `requests`, yielding after each pass, here or in an aide, what has ended."""
        few = len(requests) < _FEW
        self._met += 0 if few else len(requests)
        if self._wanted and self._met >= _MUCH:
            self._hire()
        if any(one.ended for one in self._aides):
            self.close()
        ready = bool(self._aides) and all(one.ready for one in self._aides)
        if few or audience.followed or not ready:
            yield from self._own.run(requests, audience)
            return
        left = yield from self._deal_out(requests, audience)
        if left:
            self.close()
            rest = [requests[place] for place in left]
            for batch in self._own.run(rest, audience.among(left)):
                yield [(left[k], outcome) for k, outcome in batch]

    def adopt(self, family: Family, /) -> TransformersRunner:
        """Return a runner for another family on the same base, which is not loaded again."""
        return self._own.adopt(family)

    def close(self) -> None:
        """End the aides; there will be no others."""
        self._wanted = 0
        for one in self._aides:
            one.close()
        self._aides = []

    def _hire(self) -> None:
        room = free_memory_of(torch.device("cpu")) // PROCESS
        count, self._wanted = min(self._wanted, room), 0
        if count < 2:
            return
        try:
            for _ in range(count):
                self._aides.append(_Aide(self._family, self._config, count))
        except OSError:  # no more processes are to be had
            self.close()

    def _deal_out(
        self, requests: Sequence[Request], audience: Audience
    ) -> Generator[Batch, None, list[int]]:
        """Have the aides answer; return the places that they leave open, because one failed."""
        heard: Heard = SimpleQueue()
        shares = deal(requests, len(self._aides))
        unanswered = [set(range(len(share))) for share in shares]
        at_work = dict(enumerate(self._aides[: len(shares)]))
        left: list[int] = []
        dumped = aide.dump_requests(self._family.fingerprint, requests)
        for k, one in at_work.items():
            one.ask([dumped[place] for place in shares[k]], k, heard)
        try:
            while at_work:
                try:
                    k, message = heard.get(timeout=_HEARTBEAT)
                except Empty:
                    yield []
                else:
                    if message is None:
                        left += [shares[k][number] for number in unanswered[k]]
                    if message is None or "over" in message:
                        at_work.pop(k, None)
                        unanswered[k].clear()
                        continue
                    news = [(number, aide.load_outcome(what)) for number, what in message["news"]]
                    unanswered[k].difference_update(number for number, _ in news)
                    yield [(shares[k][number], outcome) for number, outcome in news]
                for other, one in at_work.items() if audience.gone else ():
                    one.drop(n for n in unanswered[other] if shares[other][n] in audience.gone)
        finally:
            for k, one in at_work.items():
                one.drop(unanswered[k])
        return sorted(left)


class _Errand(NamedTuple):
    """A share that an aide was asked, and to whom its answers go, under which number."""

    share: int
    number: int
    heard: Heard


@dataclass(slots=True)
class _Standing:
    """How it stands with an aide, as its words tell."""

    ready: bool = False
    ended: bool = False
    errand: _Errand | None = None


class _Aide:
    """A process that runs `aide`, one of `count`, as seen from here."""

    def __init__(self, family: Family, config: EngineConfig, count: int) -> None:
        self._process = subprocess.Popen(
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            start_new_session=True,  # an interrupt is for those who know what to save
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._mouth: IO[str] = self._process.stdin
        self._standing = _Standing()
        self._shares = 0
        self._dropped: set[int] = set()
        # It has nothing to lose, so whoever lets go of it may end it.
        self._end = finalize(self, self._process.kill)
        Thread(target=_listen, args=(self._process.stdout, self._standing), daemon=True).start()
        self._say(
            family=aide.FAMILY.dump_python(family, mode="json"),
            config=config.model_dump(mode="json"),
            count=count,
        )

    @property
    def ready(self) -> bool:
        """Whether it has loaded its model."""
        return self._standing.ready

    @property
    def ended(self) -> bool:
        """Whether the process is no more."""
        return self._standing.ended

    def ask(self, dumped: Sequence[Any], number: int, heard: Heard) -> None:
        """Have dumped requests answered: what is heard of them goes to `heard`, with `number`.

        None says that nothing more is to be heard, whatever is still open.
        """
        self._shares += 1
        self._dropped = set()
        self._standing.errand = _Errand(self._shares, number, heard)
        told = self._say(share=self._shares, requests=dumped)
        if not told or self.ended:
            heard.put((number, None))

    def drop(self, numbers: Iterable[int]) -> None:
        """Say of requests, by their number, that nobody waits for their answers any more."""
        dropped = set(numbers) - self._dropped
        self._dropped |= dropped
        if dropped:
            self._say(share=self._shares, gone=sorted(dropped))

    def close(self) -> None:
        """End the process."""
        self._end()
        self._process.wait()
        with suppress(OSError):
            self._mouth.close()

    def _say(self, **message: Any) -> bool:
        """Tell the process something; False if it is no more."""
        try:
            self._mouth.write(json.dumps(message) + "\n")
            self._mouth.flush()
        except OSError:
            return False
        return True


def _listen(ear: IO[str], standing: _Standing) -> None:
    """Pass on what an aide says, in a thread of its own, until it says no more."""
    with ear, suppress(ValueError):  # the process ended in the middle of a line
        for line in ear:
            message = json.loads(line)
            errand = standing.errand
            if "ready" in message:
                standing.ready = True
            elif errand is not None and message["share"] == errand.share:
                errand.heard.put((errand.number, message))
    standing.ended = True
    if (errand := standing.errand) is not None:
        errand.heard.put((errand.number, None))
