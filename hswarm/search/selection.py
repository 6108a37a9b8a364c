"""Searches over some of a pool: without the best agents, or over few of them several times.

Model Swarms (Feng et al., 2024), §5, Figures 4 and 6; Heterogeneous Swarms (Feng et al., 2025), §6
and appendix A, Figures 5 and 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from hswarm.config import SEARCHES, SearchConfig
from hswarm.errors import HswarmError
from hswarm.graph.dag import LONE
from hswarm.search.found import Candidate, Found
from hswarm.search.roster import Roster
from hswarm.search.setting import Setting, forget
from hswarm.search.tally import Tally
from hswarm.swarm.random import generator

EVENT: Final = "selected"


def check_selection(config: SearchConfig, agents: int) -> None:
    """Raise HswarmError where there are not so many of `agents` agents; before any long work."""
    if config.keep is None and config.diversity is None:
        return
    if config.method not in SEARCHES:
        raise HswarmError(
            f"{config.method} is over the whole pool.",
            hint=f"keep and diversity are for searches: {', '.join(SEARCHES)}.",
        )
    first, last = _ranks(config, agents)
    if first > last or last > agents:
        raise HswarmError(
            f"keep: there are no ranks {config.keep} of {agents} agents.",
            hint=f"All but the best: --keep 2-{agents}",
        )
    distinct = _shape(config)[0] if config.diversity is not None else 1
    if distinct > last - first + 1:
        raise HswarmError(
            f"diversity: there are not {distinct} agents to choose from, but {last - first + 1}.",
            hint="Take fewer of them, or a larger pool.",
        )


@dataclass(frozen=True, slots=True)
class Chosen:
    """Who a search is over, by number, and who is withheld as the best of all."""

    agents: tuple[int, ...]
    withheld: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the choice as a line of the journal."""
        return {"event": EVENT, "agents": list(self.agents), "withheld": self.withheld}

    def strongest(self, roster: Roster) -> Found | None:
        """Return who is withheld, alone, of the whole pool's roster; None if nobody is."""
        if self.withheld is None:
            return None
        return Found(Candidate.place(LONE, [self.withheld], roster.original_rows()), 0.0, 0)


async def choose_agents(setting: Setting) -> Chosen | None:
    """Return who the search is over, as its configuration has it; None is everybody.

    To know the ranks every agent is evaluated alone, beside the search's own evaluations.
    """
    config, agents = setting.config, list(range(len(setting.roster)))
    if config.keep is None and config.diversity is None:
        return None
    withheld = None
    if config.keep is not None:
        quiet = replace(setting, tally=Tally(), record=forget)
        rows = setting.roster.original_rows()
        alone = [Candidate.place(LONE, [agent], rows) for agent in agents]
        utilities = [done.utility for done in await quiet.evaluate(0, "start", alone)]
        # NaN, which nothing is known of, ranks last.
        agents.sort(key=lambda a: (-utilities[a] if utilities[a] == utilities[a] else 1e9, a))
        first, last = _ranks(config, len(agents))
        withheld = agents[0] if first > 1 else None
        agents = sorted(agents[first - 1 : last])
    if config.diversity is not None:
        distinct, times = _shape(config)
        drawn = generator(config.seed, "diversity").choice(agents, distinct, replace=False)
        agents = sorted(drawn.tolist()) * times
    return Chosen(tuple(agents), withheld)


def read_chosen(events: Iterable[Mapping[str, Any]]) -> Chosen | None:
    """Return who a run's search is over as the first line of its journal has it."""
    event = next(iter(events), None)
    if event is None or event["event"] != EVENT:
        return None
    return Chosen(tuple(map(int, event["agents"])), event["withheld"])


def _ranks(config: SearchConfig, agents: int) -> tuple[int, int]:
    first, last = (config.keep or f"1-{agents}").split("-")
    return int(first), int(last)


def _shape(config: SearchConfig) -> tuple[int, int]:
    distinct, times = (config.diversity or "1x1").split("x")
    return int(distinct), int(times)
