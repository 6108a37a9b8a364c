"""What a page is told of a run: the journal's events made small, and the best graph drawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from hswarm.agents.pool import pool_of
from hswarm.config import RunConfig
from hswarm.errors import HswarmError
from hswarm.graph.dag import Dag
from hswarm.graph.svg import draw_svg
from hswarm.search.result import Result
from hswarm.store.record import read_run
from hswarm.store.run import JOURNAL
from hswarm.watch.tail import Tail

News = dict[str, Any]


def agent_names(config: RunConfig) -> list[str]:
    """Return who is who by number, as far as the pool's file says; [] if it is not to be had.

    Families of several experts come first, as in the search; the models are not looked at.
    """
    with suppress(HswarmError):
        pool = pool_of(config)
        families = [list(family.experts) for family in pool.families.values()]
        if pool.mix == "tokens":
            families = [[name for names in families for name in names]]
        moving = [name for names in families if len(names) > 1 for name in names]
        lone = [name for names in families if len(names) == 1 for name in names]
        return [*moving, *lone, *pool.remote, *pool.tools]
    return []


@dataclass(slots=True)
class Teller:
    """Follows a run for one page. What it tells first begins with a reset."""

    folder: Path
    names: Sequence[str]
    _tail: Tail = field(init=False)
    _best: float = float("-inf")
    _items: int = 0
    _tried: int = 0
    _status: str = ""
    _fresh: bool = True

    def __post_init__(self) -> None:
        self._tail = Tail(self.folder / JOURNAL)

    def tell(self) -> list[News]:
        """Return what is new since the last time; [] if nothing is."""
        events = self._tail.read()
        news: list[News] = []
        if events is None or self._fresh:
            self._fresh = False
            self._best, self._status = float("-inf"), ""
            self._items = self._tried = 0
            news.append({"kind": "reset"})
        news += self._shorten(events or ())
        if not events:  # the state and the result come after the journal
            news += self._tell_status()
        return news

    def _shorten(self, events: Iterable[dict[str, Any]]) -> list[News]:
        news: list[News] = []
        best: dict[str, Any] | None = None
        for event in map(self._placed, events):
            match event["event"]:
                case "evaluation":
                    best = event if self._rises(event) else best
                    if event.get("items", 0) == self._items and event["step"] != "crown":
                        tried = {"kind": "tried", "i": event["iteration"], "u": _number(event)}
                        news.append(tried)
                case "graphs":
                    news.append(_swarm(event, "graphs", event["utilities"]))
                case "positions":
                    name = f"weights {event.get('family', '')}".strip()
                    news.append(_swarm(event, name, event["jfk"]))
                case "iteration":
                    counts = {key: event[key] for key in ("answered", "generated")}
                    news.append({"kind": "iteration", "i": event["iteration"], **counts})
                case "failure":
                    news.append({"kind": "note", "text": f"Not scored: {event['what']}"})
        if best is not None:
            news.append(self._draw(best))
        return news

    def _placed(self, event: dict[str, Any]) -> dict[str, Any]:
        """Number what a baseline tries: it has no iterations."""
        if event.get("step") != "baseline" or event["event"] != "evaluation":
            return event
        self._tried += 1
        return {**event, "iteration": self._tried - 1}

    def _rises(self, event: dict[str, Any]) -> bool:
        """Whether this is the best system so far, of those tried on all items.

        At the end there may be more items, held out of the search, by which finalists are told
        apart: the best by those is the best.
        """
        items, utility = event.get("items", 0), _number(event)
        if items > self._items:
            self._items, self._best = items, float("-inf")
        if utility is None or items < self._items or utility <= self._best:
            return False
        self._best = utility
        return True

    def _draw(self, event: dict[str, Any]) -> News:
        dag = Dag(tuple(tuple(parents) for parents in event["parents"]))
        names = [
            self.names[agent] if agent < len(self.names) else self._unnamed(agent)
            for agent in event["agents"]
        ]
        return {
            "kind": "best",
            "i": event["iteration"],
            "step": event["step"],
            "u": event["utility"],
            "svg": draw_svg(dag, names),
        }

    def _unnamed(self, agent: int) -> str:
        """Name somebody who is not in the pool's file, or whose pool is not to be had."""
        return "made in the run" if self.names else f"agent {agent}"

    def _tell_status(self) -> list[News]:
        record = read_run(self.folder)
        if record.status == self._status:
            return []
        self._status = record.status
        result = Result.model_validate(record.result) if record.result is not None else None
        systems = (result.found, *result.compared) if result is not None else ()
        rows = [
            {"name": s.name, "dev": s.dev.utility, "test": s.test.utility, "p": s.p_value}
            for s in systems
        ]
        return [{"kind": "status", "status": record.status, "systems": rows}]


def _swarm(event: dict[str, Any], name: str, utilities: Sequence[float | None]) -> News:
    return {"kind": "swarm", "name": name, "i": event["iteration"], "u": utilities}


def _number(event: dict[str, Any]) -> float | None:
    utility = event["utility"]
    return utility if isinstance(utility, float | int) and isfinite(utility) else None
