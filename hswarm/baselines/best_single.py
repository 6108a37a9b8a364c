"""Best single: the one expert that does best on dev, alone (the papers' first baseline)."""

from __future__ import annotations

import numpy as np

from hswarm.graph.dag import Dag
from hswarm.search.found import Candidate, Found, better
from hswarm.search.setting import Setting

LONE_NODE = Dag(((),))


async def best_single(setting: Setting) -> Found:
    """Evaluate every expert by itself on dev and return the best; n evaluations."""
    rows = np.eye(len(setting.experts))
    candidates = [Candidate.place(LONE_NODE, [k], rows) for k in range(len(rows))]
    evaluations = await setting.evaluate(0, "start", candidates)
    found: Found | None = None
    for candidate, evaluation in zip(candidates, evaluations, strict=True):
        found = better(found, candidate, evaluation.utility, 0)
    assert found is not None, "a family has at least one expert"
    return found
