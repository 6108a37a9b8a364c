"""Best single: the one agent that does best on dev, alone (the papers' first baseline)."""

from __future__ import annotations

from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate, Found, best_of
from hswarm.search.setting import Setting


async def best_single(setting: Setting) -> Found:
    """Evaluate every agent by itself on dev and return the best; n evaluations."""
    rows = setting.roster.original_rows()
    candidates = [Candidate.place(LONE, [k], rows) for k in range(len(rows))]
    evaluations = await setting.evaluate(0, "start", candidates)
    return best_of(candidates, [evaluation.utility for evaluation in evaluations])
