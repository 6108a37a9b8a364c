"""What a lane has speak: one model for many blends, or several for one mixture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

import torch
from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from hswarm.engines.transformers.adapters import Adapters
from hswarm.engines.transformers.decoder import Decoder
from hswarm.engines.transformers.forward import Forward
from hswarm.engines.transformers.layers import Projection, pick_product, replace
from hswarm.engines.transformers.placement import size_of
from hswarm.engines.transformers.prompts import Prompts
from hswarm.engines.transformers.rows import Row
from hswarm.experts.blend import ExpertStack
from hswarm.experts.family import Family

_SHARE: Final = 8
"""At most one part in so many of the memory goes to a copy of the weights."""


class Seated(NamedTuple):
    """A row in its seat, and the adapter that it was read with."""

    seat: int
    row: Row
    adapter: int


class Speaker(Protocol):
    """Says what comes next in rows, which have seats: places where it remembers what it read."""

    @property
    def ends(self) -> frozenset[int]:
        """The ids after which an answer is over."""
        ...

    @property
    def voices(self) -> int:
        """How many rows of a pass one seat takes, at most."""
        ...

    @property
    def bytes_per_token(self) -> int:
        """What is remembered of one token of one row."""
        ...

    def groups(self, rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        """Return `rows` in parts that can have seats at the same time."""
        ...

    def line_up(self, rows: Sequence[Row]) -> None:
        """Get ready for `rows`; nobody has a seat any more."""
        ...

    def reserve(self, seats: int, places: int) -> None:
        """Have so many seats for rows of so many tokens."""
        ...

    def discard(self) -> None:
        """Give up all seats and what they take."""
        ...

    def hold(self, blend: tuple[float, ...], rows: int) -> int | None:
        """Return the adapter of a blend, for so many rows more; None if none is free."""
        ...

    def release(self, adapter: int) -> None:
        """Have one row less use an adapter."""
        ...

    def read(self, rows: Sequence[Row], seats: Sequence[int], adapter: int) -> torch.Tensor:
        """Read the rows' prompts into seats; return logits of what follows, (rows, vocabulary)."""
        ...

    def step(self, seated: Sequence[Seated], width: int) -> torch.Tensor:
        """Read each row's last token, of the first `width` seats; return logits as `read`."""
        ...

    def move(self, source: int, target: int, row: Row) -> None:
        """Have a row take another seat."""
        ...

    def wipe(self, seat: int) -> None:
        """Zero a seat that may hold infinities or NaN."""
        ...

    def decode(self, answers: Sequence[Sequence[int]]) -> list[str]:
        """Return answers as text."""
        ...


class Instrument:
    """A base with its family's adapters and a cache of seats. `model` becomes its own.

    `memory` is the bytes that blends, and what else is kept, may be measured by.
    """

    def __init__(
        self, model: PreTrainedModel, family: Family, stack: ExpertStack, pad: int, memory: int
    ) -> None:
        copies = size_of(model) <= memory // _SHARE
        product = pick_product(model.device, model.dtype, copies=copies)
        forward = Forward()
        self.pad = pad
        self.adapters = Adapters(
            family, stack, model, product=product, forward=forward, memory=memory
        )
        for name, layer in list(model.named_modules()):
            if type(layer) in {nn.Linear, Conv1D}:
                replace(model, name, Projection(layer, product))
        self.decoder = Decoder(model, forward, pad)
        self.bytes_per_token = self.decoder.bytes_per_token()


class Soloist:
    """One base, whose blends speak each for itself; see `Speaker`."""

    voices = 1

    def __init__(self, instrument: Instrument, prompts: Prompts, ends: frozenset[int]) -> None:
        self.ends = ends
        self.bytes_per_token = instrument.bytes_per_token
        self._prompts = prompts
        self._pad = instrument.pad
        self._adapters = instrument.adapters
        self._decoder = instrument.decoder
        self.reserve = self._decoder.reserve
        self.discard = self._decoder.discard
        self.wipe = self._decoder.wipe
        self.hold = self._adapters.hold
        self.release = self._adapters.release
        self._seats: list[int] = []

    def groups(self, rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        """Return all rows: there is an adapter each."""
        return [rows]

    def line_up(self, rows: Sequence[Row]) -> None:
        """Make room for the blends of `rows`."""
        self._adapters.release_all()
        self._adapters.make_room(row.blend for row in rows)
        self._seats = []

    def read(self, rows: Sequence[Row], seats: Sequence[int], adapter: int) -> torch.Tensor:
        """Read prompts; see `Speaker`."""
        return self._decoder.read([row.prompt for row in rows], seats, adapter)

    def step(self, seated: Sequence[Seated], width: int) -> torch.Tensor:
        """Decode one token of every row. Seats in between run along, to no effect.

        They keep the adapters of who sat there: so few passes differ in their adapters.
        """
        tokens, positions = [self._pad] * width, [0] * width
        self._seats += [seated[0].adapter] * (width - len(self._seats))
        for seat, row, adapter in seated:
            tokens[seat], positions[seat] = row.output[-1], row.position
            self._seats[seat] = adapter
        logits = self._decoder.step(tokens, positions, self._seats[:width])
        return logits if len(seated) == width else logits[[seat for seat, _, _ in seated]]

    def move(self, source: int, target: int, row: Row) -> None:
        """Have a row take another seat."""
        self._decoder.move(source, target, row.position)

    def decode(self, answers: Sequence[Sequence[int]]) -> list[str]:
        """Return answers as text."""
        return self._prompts.decode(answers)
