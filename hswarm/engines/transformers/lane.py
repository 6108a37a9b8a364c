"""A lane: one speaker at work on its share of the rows, in one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Final

import torch

from hswarm.engines.batching import Outcome, Said
from hswarm.engines.request import MICRO, CallFailed, Completion
from hswarm.engines.transformers.placement import is_out_of_memory
from hswarm.engines.transformers.rows import Reading, Row, plan_readings
from hswarm.engines.transformers.sampling import pick_tokens
from hswarm.engines.transformers.speaker import Seated, Speaker

News = list[tuple[int, Outcome | Said]]
"""What became of requests, by their place in the flush."""

_CACHE_SHARE: Final = 4
"""At most one part in so many of the memory goes to keys and values."""

_GRAIN: Final = 8
"""The number of rows of a pass is rounded up to this, as lengths are."""

_SPARSE: Final = 0.75
"""Rows close ranks when fewer than this part of the seats up to the last one is taken."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How much one pass takes on."""

    rows: int
    """Rows decoded at once, at most."""
    tokens: int
    """Tokens of prompts read at once, at most, unless one prompt has more."""
    overhead: int
    """What a pass costs by itself, in tokens' time."""


@dataclass(slots=True, eq=False)
class _Seat:
    row: Row
    adapter: int


class Lane:
    """Takes rows from prompt to answer. `speaker` becomes its own.

    A row takes a seat once its prompt is read, and leaves it when its answer ends. `memory` is the
    bytes that seats may be measured by.
    """

    def __init__(self, speaker: Speaker, *, reach: Reach, memory: int) -> None:
        self._speaker = speaker
        self._reach = reach
        self._memory = memory
        self._seats: list[_Seat | None] = []

    def run(self, rows: Sequence[Row], gone: Set[int]) -> Iterator[News]:
        """Take `rows` to their ends, yielding after each pass what has ended or is followed.

        Rows at places that are `gone`, which may be more and more, are dropped.
        """
        for group in self._speaker.groups(rows):
            yield from self._run([row for row in group if row.place not in gone], gone)

    def _run(self, rows: Sequence[Row], gone: Set[int]) -> Iterator[News]:
        waiting = self._start(rows)
        while waiting or any(self._seats):
            news = self._advance(waiting)
            if news is None:
                news, rows = self._retreat(waiting)
                waiting = self._start(rows)
            yield news
            if gone:
                waiting = self._drop(gone, waiting)

    def _start(self, rows: Sequence[Row]) -> deque[Reading]:
        """Take the seats away from whoever has them, make room for `rows` and line them up."""
        self._seats = []
        if not rows:
            return deque()
        self._speaker.line_up(rows)
        places = max(row.places for row in rows)
        room = self._memory // _CACHE_SHARE // self._speaker.bytes_per_token // places
        seats = max(1, min(self._reach.rows // self._speaker.voices, room, len(rows)))
        self._speaker.reserve(seats, places)
        self._seats = [None] * seats
        return deque(
            plan_readings(
                rows,
                most_rows=seats,
                most_tokens=self._reach.tokens,
                overhead=self._reach.overhead,
            )
        )

    def _advance(self, waiting: deque[Reading]) -> News | None:
        """Run one pass: read what finds seats, else decode. None if memory ran out."""
        try:
            if waiting and len(waiting[0].rows) <= self._seats.count(None):
                adapter = self._speaker.hold(waiting[0].blend, len(waiting[0].rows))
                if adapter is not None:
                    done = self._read(waiting[0], adapter)
                    waiting.popleft()
                    return done
            return self._step()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
        return None

    def _retreat(self, waiting: deque[Reading]) -> tuple[News, list[Row]]:
        """After memory ran out: go back to half the rows and tokens, and begin again.

        Returns the rows still to run and, where a single row was too much, its failure.
        """
        seated = [seat.row for seat in self._seats if seat is not None]
        rows = seated + [row for reading in waiting for row in reading.rows]
        failed: News = []
        if len(self._seats) == 1:
            failed = [(rows[0].place, CallFailed("there is not enough memory for this request"))]
            rows = rows[1:]
        self._reach = Reach(
            rows=max(1, len(self._seats) * self._speaker.voices // 2),
            tokens=max(1, self._reach.tokens // 2),
            overhead=self._reach.overhead,
        )
        for row in rows:
            row.begin_again()
        self._seats = []
        self._speaker.discard()
        return failed, rows

    def _drop(self, gone: Set[int], waiting: deque[Reading]) -> deque[Reading]:
        """Take the seats of rows that nobody waits for; return what is still to be read."""
        for k, seat in enumerate(self._seats):
            if seat is not None and seat.row.place in gone:
                self._leave(k)
        left = (
            Reading(reading.blend, tuple(row for row in reading.rows if row.place not in gone))
            for reading in waiting
        )
        return deque(reading for reading in left if reading.rows)

    def _read(self, reading: Reading, adapter: int) -> News:
        """Read prompts and seat their rows."""
        free = [seat for seat, taken in enumerate(self._seats) if taken is None]
        seats = free[: len(reading.rows)]
        logits = self._speaker.read(reading.rows, seats, adapter)
        for seat, row in zip(seats, reading.rows, strict=True):
            self._seats[seat] = _Seat(row, adapter)
        return self._take(logits, seats)

    def _step(self) -> News:
        """Decode one token of every seated row."""
        self._close_ranks()
        seated = [Seated(k, s.row, s.adapter) for k, s in enumerate(self._seats) if s is not None]
        width = min(len(self._seats), -(-(seated[-1].seat + 1) // _GRAIN) * _GRAIN)
        return self._take(self._speaker.step(seated, width), [seat for seat, _, _ in seated])

    def _take(self, logits: torch.Tensor, seats: Sequence[int]) -> News:
        """Append each row's next token; give up the seats of rows that end with it.

        Returns the ends, and how the followed ones that have not ended begin.

        `logits` has a row per entry of `seats`.
        """
        rows = [seat.row for seat in map(self._seats.__getitem__, seats) if seat is not None]
        noise = [row.noise[len(row.output)] for row in rows]
        tokens = pick_tokens(logits, [row.sampling for row in rows], noise)
        ended = []
        news: News = []
        for k, (row, token) in enumerate(zip(rows, tokens, strict=True)):
            row.output.append(token)
            if token in self._speaker.ends or len(row.output) == row.limit:
                ended.append(k)
            elif row.speech is not None and (text := row.speech.grow(row.output)) is not None:
                news.append((row.place, Said(text)))
        if not ended:
            return news
        sound = logits[ended].amax(dim=-1).isfinite().tolist()
        for k, finite in zip(ended, sound, strict=True):
            self._leave(seats[k])
            if not finite:
                self._speaker.wipe(seats[k])
        return news + self._complete([rows[k] for k in ended])

    def _leave(self, seat: int) -> None:
        left = self._seats[seat]
        assert left is not None
        self._speaker.release(left.adapter)
        self._seats[seat] = None

    def _complete(self, rows: Sequence[Row]) -> News:
        stopped = [row.output[-1] in self._speaker.ends for row in rows]
        said = [row.output[: len(row.output) - end] for row, end in zip(rows, stopped, strict=True)]
        return [
            (
                row.place,
                Completion(
                    text,
                    len(row.prompt),
                    len(row.output),
                    truncated=not end,
                    left_out=round(row.left_out * MICRO),
                ),
            )
            for row, text, end in zip(rows, self._speaker.decode(said), stopped, strict=True)
        ]

    def _close_ranks(self) -> None:
        """Move rows from the back into empty seats, once there are enough to be worth it."""
        taken = [(k, seat) for k, seat in enumerate(self._seats) if seat is not None]
        if len(taken) >= _SPARSE * (taken[-1][0] + 1):
            return
        empty = [k for k in range(len(taken)) if self._seats[k] is None]
        for target, (source, seat) in zip(empty, reversed(taken), strict=False):
            self._speaker.move(source, target, seat.row)
            self._seats[target], self._seats[source] = seat, None
