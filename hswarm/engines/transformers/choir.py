"""Several models that speak as one: the mixture of what each would say next.

Every expert of a row reads the row's prompt as its own tokenizer writes it. Its base then runs all
of its experts over all rows in one pass per token. Their distributions are mixed (Model Swarms,
Feng et al., 2024, section 5) over the tokens that all tokenizers of the row share; the next token
is taken from the mixture, and every expert goes on with what it calls that token.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import torch

from hswarm.engines.transformers.forward import BASE
from hswarm.engines.transformers.prompts import Prompts
from hswarm.engines.transformers.rows import Row
from hswarm.engines.transformers.speaker import Instrument, Seated
from hswarm.errors import HswarmError
from hswarm.experts.vocabulary import Shared, Vocabulary, share

Tensor = torch.Tensor

_NOT_SHARED: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A base of the choir: `columns` are those of its experts in a coefficient row."""

    instrument: Instrument
    prompts: Prompts
    vocabulary: Vocabulary
    columns: range


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What one base does for the rows of a group: which of its experts count, and its tokens.

    `own` says what the base calls each token of the first one's; `lead` are that one's ids of what
    is shared, `ids` its own; where `ends` is not empty, the last of them stands for all of these.
    """

    section: Section
    counting: Tensor
    """Shape (experts,): the columns of a row that count."""
    slots: list[int]
    """Their adapters."""
    own: list[int]
    lead: Tensor
    ids: Tensor
    ends: Tensor


class Choir:
    """The experts of a mixture; see the module and `Speaker`.

    Rows of which the same experts count have seats at the same time. The token ids of a row's
    output are those of the first base of whose experts one counts.
    """

    def __init__(self, sections: Sequence[Section]) -> None:
        self._sections = sections
        self._agreed: dict[tuple[int, ...], Shared] = {}
        self._parts: list[Part] = []

    @property
    def ends(self) -> frozenset[int]:
        """The first base's ids after which an answer is over."""
        return frozenset(self._parts[0].section.vocabulary.ends)

    @property
    def voices(self) -> int:
        """How many experts of one base count."""
        return max(len(part.slots) for part in self._parts)

    @property
    def bytes_per_token(self) -> int:
        """What is remembered of one token by all who count."""
        return sum(
            part.section.instrument.bytes_per_token * len(part.slots) for part in self._parts
        )

    def groups(self, rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
        """Return `rows` by who counts in them."""
        groups: dict[tuple[bool, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(share != 0.0 for share in row.shares), []).append(row)
        return [groups[who] for who in sorted(groups)]

    def line_up(self, rows: Sequence[Row]) -> None:
        """Get ready for rows in which the same experts count."""
        shares = rows[0].shares
        sections = [s for s in self._sections if any(shares[column] for column in s.columns)]
        shared = self._agree(sections)
        self._parts = []
        for place, section in enumerate(sections):
            counting = [column for column in section.columns if shares[column] != 0.0]
            device = section.instrument.decoder.device
            lead, ids = (torch.tensor(shared.ids[k], device=device) for k in (0, place))
            own = torch.full((len(sections[0].vocabulary.meanings),), _NOT_SHARED)
            own[lead.cpu()] = ids.cpu()
            self._parts.append(
                Part(
                    section,
                    torch.tensor(counting),
                    self._hold(section, [column - section.columns.start for column in counting]),
                    own.tolist(),
                    lead,
                    ids,
                    torch.tensor(shared.ends[place] if shared.ends else (), device=device).long(),
                )
            )

    def _agree(self, sections: Sequence[Section]) -> Shared:
        key = tuple(section.columns.start for section in sections)
        if key not in self._agreed:
            self._agreed[key] = share([section.vocabulary for section in sections])
        return self._agreed[key]

    def _hold(self, section: Section, experts: Sequence[int]) -> list[int]:
        """Return the adapters of some of a base's experts; HswarmError without room for them."""
        adapters, size = section.instrument.adapters, len(section.columns)
        rows = [tuple(float(k == expert) for k in range(size)) for expert in experts]
        adapters.release_all()
        adapters.make_room(rows)
        slots = [adapters.hold(row, 1) for row in rows]
        found = [slot for slot in slots if slot is not None]
        if len(found) < len(rows):
            raise HswarmError(
                f"There is no memory for the {len(rows)} adapters of a mixture side by side.",
                hint="Use fewer experts, or a smaller base.",
            )
        return found

    def reserve(self, seats: int, places: int) -> None:
        """Have seats, each with a row of its base's cache for every expert that counts."""
        for part in self._parts:
            part.section.instrument.decoder.reserve(seats * len(part.slots), places)

    def discard(self) -> None:
        """Give up the caches."""
        for part in self._parts:
            part.section.instrument.decoder.discard()

    def hold(self, blend: tuple[float, ...], rows: int) -> int | None:
        """Return no adapter: each expert has its own."""
        return BASE

    def release(self, adapter: int) -> None:
        """Release nothing."""

    def read(self, rows: Sequence[Row], seats: Sequence[int], adapter: int) -> Tensor:
        """Have every expert read the prompts; return logits of the mixture, (rows, vocabulary)."""
        heard = []
        for place, part in enumerate(self._parts):
            prompts = [row.prompts[place] for row in rows]
            count = len(part.slots)
            logits = [
                part.section.instrument.decoder.read(
                    prompts, [seat * count + voice for seat in seats], slot
                )
                for voice, slot in enumerate(part.slots)
            ]
            heard.append(torch.stack(logits, dim=1))
        return self._mix(heard, rows)

    def step(self, seated: Sequence[Seated], width: int) -> Tensor:
        """Have every expert read each row's last token; return logits of the mixture."""
        heard = []
        taken = [seat for seat, _, _ in seated]
        for place, part in enumerate(self._parts):
            instrument, count = part.section.instrument, len(part.slots)
            tokens, positions = [instrument.pad] * width, [0] * width
            for seat, row, _ in seated:
                tokens[seat] = part.own[row.output[-1]]
                positions[seat] = len(row.prompts[place]) + len(row.output) - 1
            logits = instrument.decoder.step(
                [token for token in tokens for _ in range(count)],
                [position for position in positions for _ in range(count)],
                part.slots * width,
            )
            heard.append(logits.view(width, count, -1)[taken])
        return self._mix(heard, [row for _, row, _ in seated])

    def _mix(self, heard: Sequence[Tensor], rows: Sequence[Row]) -> Tensor:
        """Return the logarithm of the mixture's probabilities, by the first base's ids."""
        shares = torch.tensor([row.shares for row in rows])
        mixed, left_out = mix(
            [
                (logits, shares[:, part.counting].to(logits.device), part.ids, part.ends)
                for logits, part in zip(heard, self._parts, strict=True)
            ]
        )
        for row, probability in zip(rows, left_out.tolist(), strict=True):
            row.left_out += probability
        logits = mixed.new_full((len(rows), heard[0].shape[-1]), -torch.inf)
        logits[:, self._parts[0].lead] = mixed
        return logits

    def move(self, source: int, target: int, row: Row) -> None:
        """Have a row take another seat."""
        for place, part in enumerate(self._parts):
            count, length = len(part.slots), len(row.prompts[place]) + len(row.output) - 1
            for voice in range(count):
                part.section.instrument.decoder.move(
                    source * count + voice, target * count + voice, length
                )

    def wipe(self, seat: int) -> None:
        """Zero a seat that may hold infinities or NaN."""
        for part in self._parts:
            for voice in range(len(part.slots)):
                part.section.instrument.decoder.wipe(seat * len(part.slots) + voice)

    def decode(self, answers: Sequence[Sequence[int]]) -> list[str]:
        """Return answers as text."""
        return self._parts[0].section.prompts.decode(answers)


@torch.inference_mode()
def mix(parts: Sequence[tuple[Tensor, Tensor, Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """Mix what experts would say next, t' = Σ_j c_j t_j, over the tokens that all can say.

    A part is one base's: logits of shape (rows, experts, vocabulary), coefficients of shape (rows,
    experts), its ids of the shared tokens, and those of all tokens that the last of these stands
    for, if any. Returns log t' of the shared tokens, (rows, shared), not normalised, −inf where a
    negative coefficient makes it less than nothing; and per row how much probability the experts
    gave to other tokens, between 0 and 1, an expert counting by |c|.
    """
    device = parts[0][0].device
    said_by, missed_by, counted = [], [], []
    for logits, shares, ids, ends in parts:
        likely = logits.float().softmax(dim=-1)
        whole = not len(ends) and len(ids) == likely.shape[-1]  # ids are in order then
        said = likely if whole else likely[..., ids]
        if len(ends):
            said[..., -1] = likely[..., ends].sum(dim=-1)
        weights = shares.to(said)
        missed = torch.zeros_like(weights) if whole else (1.0 - said.sum(dim=-1)).clamp(0.0, 1.0)
        said_by.append(torch.bmm(weights.unsqueeze(1), said).squeeze(1).to(device))
        missed_by.append((missed * weights.abs()).sum(dim=-1).to(device))
        counted.append(weights.abs().sum(dim=-1).to(device))
    mixed, outside, count = (
        torch.stack(several).sum(dim=0) for several in (said_by, missed_by, counted)
    )
    positive = mixed > 0
    # Where nothing is positive at all, the least negative is still the likeliest.
    logarithms = torch.where(positive, mixed, 0.0).log()
    return torch.where(positive.any(-1, keepdim=True), logarithms, mixed), outside / count
