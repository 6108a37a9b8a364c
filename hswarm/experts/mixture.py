"""A mixture: experts of any bases whose next-token probabilities are mixed, not their weights.

Token swarms (Model Swarms, Feng et al., 2024, section 5): a coefficient row stands for
t' = Σ_j row[j] · t_j, where t_j is expert j's distribution of the next token. So experts of
different architectures share one row and one swarm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hswarm.experts.family import Expert, Family
from hswarm.experts.fingerprint import hash_json

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Mixture:
    """The experts of several families, in order; place j is column j of a coefficient row.

    `fingerprint` is the SHA-256 of everything that shapes an answer.
    """

    name: str
    families: tuple[Family, ...]
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        essence = {"tokens of": [family.fingerprint for family in self.families]}
        object.__setattr__(self, "fingerprint", hash_json(essence))

    def __len__(self) -> int:
        return sum(map(len, self.families))

    @property
    def experts(self) -> tuple[Expert, ...]:
        """The experts, by column."""
        return tuple(expert for family in self.families for expert in family.experts)

    @property
    def names(self) -> tuple[str, ...]:
        """The experts' names, by column."""
        return tuple(expert.name for expert in self.experts)

    def split(self, row: Sequence[float]) -> list[Row]:
        """Return a row's coefficients family by family."""
        parts, start = [], 0
        for family in self.families:
            parts.append(tuple(row[start : start + len(family)]))
            start += len(family)
        return parts

    def locate(self, row: Row) -> tuple[str, Row]:
        """Return whose row this is, by fingerprint, and the row there.

        An expert that counts alone is answered for by its own family, whatever it counts, and so
        is the base (an empty row), which is the first family's.
        """
        if not row:
            return self.families[0].fingerprint, ()
        counting = [coefficient for coefficient in row if coefficient != 0.0]
        if len(counting) != 1 or counting[0] < 0.0:
            return self.fingerprint, row
        for family, part in zip(self.families, self.split(row), strict=True):
            if any(part):
                return family.fingerprint, tuple(float(c != 0.0) for c in part)
        raise AssertionError("one of the coefficients is not 0")
