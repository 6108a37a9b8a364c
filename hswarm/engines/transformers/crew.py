"""Lanes side by side, a thread each, that share the rows of a flush."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event

import torch

from hswarm.engines.batching import Audience, Batch
from hswarm.engines.transformers.lane import Lane
from hswarm.engines.transformers.rows import Row


class Crew:
    """Some lanes; `threads` is how many each computes with, `fewest` the rows that it is worth."""

    def __init__(self, lanes: Sequence[Lane], threads: int, fewest: int) -> None:
        self._lanes = lanes
        self._threads = threads
        self._fewest = fewest
        self._pool = ThreadPoolExecutor(len(lanes), thread_name_prefix="hswarm-lane")

    def run(self, rows: list[Row], audience: Audience) -> Iterator[Batch]:
        """Take `rows` to their ends, yielding after each pass what has ended or is followed."""
        ended: SimpleQueue[Batch | None] = SimpleQueue()
        stop = Event()

        def work(lane: Lane, share: Sequence[Row]) -> None:
            torch.set_num_threads(self._threads)
            try:
                for done in lane.run(share, audience.gone):
                    ended.put(done)
                    if stop.is_set():
                        break
            finally:
                ended.put(None)

        # Dealt by length, whatever came first: which rows share a pass must not depend on timing.
        rows.sort(key=lambda row: row.order)
        lanes = max(1, min(len(self._lanes), len(rows) // self._fewest))
        shares = [rows[k::lanes] for k in range(lanes)]
        working = [
            self._pool.submit(work, lane, share)
            for lane, share in zip(self._lanes[:lanes], shares, strict=True)
            if share
        ]
        try:
            for _ in working:
                while (done := ended.get()) is not None:
                    yield done
        finally:
            stop.set()
            for lane_done in working:
                lane_done.result()
