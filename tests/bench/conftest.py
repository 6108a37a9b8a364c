"""Benches whose models are a rule, so that they take a moment."""

import pytest

from hswarm.bench import runner
from hswarm.bench.config import bench_config
from hswarm.bench.folder import BenchFolder
from hswarm.engines.batching import BatchingEngine
from hswarm.engines.purse import Purse
from hswarm.engines.request import CallFailed, Completion
from hswarm.engines.router import RouterEngine
from hswarm.engines.usage import DOLLAR
from hswarm.session import Models

SETTINGS = {
    "search": {
        "max_iterations": 1,
        "role": {"particles": 2, "moves": 1, "order_rounds": 1, "edge_rounds": 0},
        "weight": {"assignments": 2},
    }
}


class Rule:
    """Answers with a letter that depends on who is asked.

    `failing` ends every answer; of every `lost` calls one fails, if it is not 0.
    """

    def __init__(self):
        self.asked = 0
        self.failing = None
        self.lost = 0

    def run(self, requests, audience):
        if self.failing is not None:
            raise self.failing
        for place, request in enumerate(requests):
            self.asked += 1
            if self.lost and not self.asked % self.lost:
                yield [(place, CallFailed("it is lost"))]
                continue
            row = request.model.row
            letter = "ABCD"[max(range(len(row)), key=row.__getitem__) % 4 if row else 0]
            yield [(place, Completion(f"The answer is {letter}.", 10, 4))]


@pytest.fixture
def rule(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HSWARM_DATA", str(tmp_path / "data"))
    made = Rule()

    def load(pool, config):
        engine = BatchingEngine(made)
        routes = {family.fingerprint: engine for family in pool.families}
        limit = config.budget.max_dollars
        router = RouterEngine(routes)
        purse = Purse(None if limit is None else round(limit * DOLLAR))
        return Models(router, purse, router)

    monkeypatch.setattr(runner, "load", load)
    return made


@pytest.fixture
def bench(rule, tmp_path):
    """Make the folder of a small bench, changed by keywords."""

    def make(name="bench", **changes):
        asked = {
            "tasks": ["knowledge-crosswords"],
            "methods": ["best-single", "chain", "heterogeneous"],
            "seeds": 2,
            "limit": 4,
            "permutations": 2,
            "settings": SETTINGS,
            **changes,
        }
        return BenchFolder.create(tmp_path / name, bench_config(None, asked))

    return make
