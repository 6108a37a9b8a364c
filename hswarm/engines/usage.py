"""What a search asked for and what that took: in all, by agent, and by node.

An answer is paid for once, by whoever asks first; later ones get it for nothing. The sums in all
depend on what was asked alone. Who of several was first may depend on timing, and so may what
stands on one agent's or node's account; over all agents, or all nodes, it adds up to the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from hswarm.engines.request import Asker, Completion

DOLLAR: Final = 10**12
"""Picodollars."""


@dataclass(slots=True)
class Work:
    """What an engine has done since it was opened, by count and by the clock."""

    flushes: int = 0
    requests: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0
    """Time in the runner."""


@dataclass(slots=True)
class Account:
    """Requests that were answered, and what the distinct ones among them took."""

    answered: int = 0
    generated: int = 0
    """Distinct requests among the answered ones."""
    prompt_tokens: int = 0
    generated_tokens: int = 0
    picodollars: int = 0
    left_out: int = 0
    """All four over the distinct requests."""

    @property
    def saved(self) -> int:
        """Requests that the memo answered."""
        return self.answered - self.generated

    @property
    def dollars(self) -> float:
        """What the distinct requests cost."""
        return self.picodollars / DOLLAR

    def add(self, completion: Completion) -> None:
        """Count an answer that was not there before."""
        self.generated += 1
        self.prompt_tokens += completion.prompt_tokens
        self.generated_tokens += completion.generated_tokens
        self.picodollars += completion.picodollars
        self.left_out += completion.left_out

    def counters(self) -> dict[str, int]:
        """Return the counters by name."""
        return {name: getattr(self, name) for name in COUNTERS}


COUNTERS: Final = tuple(entry.name for entry in fields(Account))


@dataclass(slots=True)
class Waited(Account):
    """The account of an agent or a node."""

    seconds: float = 0.0
    """From asking to having the answer, over the distinct requests, waiting in line included. Many
    wait side by side, so that this adds up to more than the clock shows."""

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """Return the account that `entry` of a snapshot or a report says."""
        # What is not there was not counted yet when the account was written.
        return cls(**{name: entry.get(name, 0) for name in (*COUNTERS, "seconds")})


@dataclass(slots=True)
class Usage(Account):
    """All accounts of a search, as if it had never been interrupted."""

    agents: dict[str, Waited] = field(default_factory=dict)
    nodes: dict[int, Waited] = field(default_factory=dict)
    called: int = 0
    """Calls to the engine in this process, which is no part of a snapshot."""
    failed: int = 0
    """Those that failed for good. Whoever asks again calls again."""
    work: Work = field(default_factory=Work)
    """What this process made its engine do: no part of a snapshot either."""

    def answer(self, asker: Asker | None) -> None:
        """Count a request that was answered, from the memo or not."""
        for account in (self, *self._accounts(asker)):
            account.answered += 1

    def generate(self, asker: Asker | None, completion: Completion, seconds: float) -> None:
        """Count an answer that was not there before and took so many seconds."""
        self.add(completion)
        for account in self._accounts(asker):
            account.add(completion)
            account.seconds += seconds

    def _accounts(self, asker: Asker | None) -> tuple[Waited, ...]:
        if asker is None:
            return ()
        agent = self.agents.get(asker.agent)
        node = self.nodes.get(asker.node)
        if agent is None:
            agent = self.agents[asker.agent] = Waited()
        if node is None:
            node = self.nodes[asker.node] = Waited()
        return agent, node

    def snapshot(self) -> dict[str, Any]:
        """Return every account as JSON values."""
        return {
            **self.counters(),
            "agents": {name: _dump(account) for name, account in self.agents.items()},
            "nodes": {str(node): _dump(account) for node, account in self.nodes.items()},
        }

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Set the accounts to what a snapshot says."""
        for name in COUNTERS:
            setattr(self, name, snapshot.get(name, 0))
        self.agents = {name: Waited.read(entry) for name, entry in snapshot["agents"].items()}
        self.nodes = {int(node): Waited.read(entry) for node, entry in snapshot["nodes"].items()}

    def report(self) -> dict[str, Any]:
        """Return every account as JSON values for a person: with memo hits and dollars."""
        seconds = sum(account.seconds for account in self.agents.values())
        return {
            **_tell(self, seconds),
            "agents": {name: _tell(one, one.seconds) for name, one in self.agents.items()},
            "nodes": {str(node): _tell(one, one.seconds) for node, one in self.nodes.items()},
        }


def _tell(account: Account, seconds: float) -> dict[str, float]:
    derived = {"memo_hits": account.saved, "dollars": account.dollars, "seconds": seconds}
    return {**account.counters(), **derived}


def _dump(account: Waited) -> dict[str, float]:
    return {**account.counters(), "seconds": account.seconds}
