"""Ways to merge experts that no coefficient row stands for: slerp, model stock, DARE with TIES.

Each is given what the experts change (`hswarm.experts.change`), one change per expert of the same
family, and returns one change. TIES and DARE are PEFT's; slerp and model stock, which PEFT lacks,
are a weighted sum each, with weights from inner products that are taken without building a matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Final

import torch

from hswarm.experts.change import Change, Factors, combine, factor

_PARALLEL: Final = 0.9995
"""Cosine above which slerp is a straight line; its formula would divide by nearly 0."""


def slerp(first: Change, second: Change, t: float = 0.5) -> Change:
    """Return the spherical interpolation of two changes, module by module (Shoemake, 1985).

    sin((1−t)θ)/sin θ · ΔW₁ + sin(tθ)/sin θ · ΔW₂, θ the angle between them; `t` from 0 to 1.
    """

    def weights(module: str) -> tuple[float, float]:
        cosine = _cosine(first[module], second[module])
        if abs(cosine) > _PARALLEL:
            return 1.0 - t, t
        angle = math.acos(cosine)
        return math.sin((1.0 - t) * angle) / math.sin(angle), math.sin(t * angle) / math.sin(angle)

    return combine([first, second], weights)


def model_stock(changes: Sequence[Change]) -> Change:
    """Return the centre of the experts drawn to the base (Jang et al., 2024, "Model stock").

    t · mean ΔW with t = k cos θ / (1 + (k−1) cos θ) for k ≥ 2 experts; cos θ is the mean cosine of
    their pairs. A module on which they contradict each other (cos θ ≤ 0) stays the base's.
    """
    count = len(changes)

    def weights(module: str) -> list[float]:
        cosines = [_cosine(a[module], b[module]) for a, b in combinations(changes, 2)]
        cosine = max(0.0, sum(cosines) / len(cosines))
        share = count * cosine / (1.0 + (count - 1) * cosine)
        return [share / count] * count

    return combine(changes, weights)


def dare_ties(changes: Sequence[Change], *, density: float, seed: int, rank: int) -> Change:
    """Return the changes thinned at random, and merged where their signs agree.

    DARE (Yu et al., 2024) keeps each entry of a ΔW with probability `density` and divides it by
    that; TIES (Yadav et al., 2023) elects a sign per entry and takes the mean of those that have
    it. What comes out is of full rank and is cut to `rank`.
    """
    from peft.utils.merge_utils import dare_ties as peft_dare_ties  # noqa: PLC0415  (slow)

    merged = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in changes[0]:
            dense = [change[module].dense() for change in changes]
            one = peft_dare_ties(dense, torch.ones(len(dense)), density)
            merged[module] = factor(one, rank)
    return merged


def _cosine(a: Factors, b: Factors) -> float:
    lengths = math.sqrt(a.dot(a)) * math.sqrt(b.dot(b))
    return max(-1.0, min(1.0, a.dot(b) / lengths)) if lengths else 1.0
