"""Best single: the one agent that does best on dev, alone (the papers' first baseline).

Searched: which agent. Evaluations: as many as there are agents.
"""

from __future__ import annotations

from hswarm.baselines.trials import Trials


async def best_single(trials: Trials) -> None:
    """Enter every agent by itself."""
    await trials.enter(trials.singles())
