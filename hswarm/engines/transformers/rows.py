"""Rows, the requests on their way through the model, and how they are put into batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hswarm.engines.request import Sampling
from hswarm.engines.transformers.speech import Speech


@dataclass(slots=True, eq=False)
class Row:
    """One request: its prompt as token ids, and what was generated so far."""

    place: int
    """Its place among the requests of the flush."""
    blend: tuple[float, ...]
    """What is laid over the base while it is read; () for nothing."""
    prompt: list[int]
    sampling: Sampling
    limit: int
    """How many tokens to generate at most."""
    noise: list[float] = field(default_factory=list)
    """For a sampled row, one number per token."""
    speech: Speech | None = None
    """Its text as it grows, if somebody listens."""
    output: list[int] = field(default_factory=list)
    shares: tuple[float, ...] = ()
    """Of a mixture: how much each expert counts."""
    prompts: tuple[list[int], ...] = ()
    """Of a mixture: the prompt as each base reads it; the first is `prompt`."""
    left_out: float = 0.0
    """Of a mixture: the probability of what not all bases can say, summed over the tokens."""

    @property
    def order(self) -> tuple[object, ...]:
        """What rows are sorted by, the longest prompt first: their content, not their place."""
        how = self.sampling
        heat = (how.temperature, how.top_p, how.seed)
        return (-len(self.prompt), self.blend, self.shares, self.prompt, self.limit, heat)

    @property
    def position(self) -> int:
        """The place of the last token, prompt included."""
        return len(self.prompt) + len(self.output) - 1

    @property
    def places(self) -> int:
        """How many tokens it may come to, prompt included."""
        return max(map(len, self.prompts or (self.prompt,))) + self.limit

    def begin_again(self) -> None:
        """Forget what was generated."""
        self.output.clear()
        self.left_out = 0.0


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows of one blend whose prompts are read together."""

    blend: tuple[float, ...]
    rows: tuple[Row, ...]


def plan_readings(
    rows: Iterable[Row], *, most_rows: int, most_tokens: int, overhead: int
) -> list[Reading]:
    """Put rows into readings, the shortest first; what comes in whatever order leaves in the same.

    Rows that decode together attend to as many places as the longest of them. The other way round,
    long rows that are slow to end would hold up all the shorter ones that follow.

    Padded to its longest row a reading holds at most `most_tokens` tokens, unless it is one row. A
    pass costs as much as its tokens and `overhead` more: within that, little is wasted on padding.
    """
    blends: dict[tuple[float, ...], list[Row]] = {}
    for row in rows:
        blends.setdefault(row.blend, []).append(row)
    readings = []
    for blend, members in blends.items():
        members.sort(key=lambda row: row.order)
        lengths = [len(row.prompt) for row in members]
        start = 0
        for size in _divide(lengths, most_rows, most_tokens, overhead):
            readings.append(Reading(blend, tuple(members[start : start + size])))
            start += size
    readings.sort(key=lambda reading: (len(reading.rows[0].prompt), reading.blend))
    return readings


def _divide(lengths: Sequence[int], most_rows: int, most_tokens: int, overhead: int) -> list[int]:
    """Divide lengths, in falling order, into consecutive parts; return the parts' sizes.

    Minimises Σ (size · longest + overhead) over the parts, by dynamic programming.
    """
    best = [0]
    last = [0]
    for stop in range(1, len(lengths) + 1):
        choices = []
        for size in range(1, min(stop, most_rows) + 1):
            tokens = size * lengths[stop - size]
            if tokens > most_tokens and size > 1:
                break
            choices.append((best[stop - size] + tokens + overhead, size))
        cost, size = min(choices)
        best.append(cost)
        last.append(size)
    sizes = []
    stop = len(lengths)
    while stop:
        sizes.append(last[stop])
        stop -= last[stop]
    return sizes[::-1]
