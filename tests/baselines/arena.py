"""Trials on a landscape, for the tests of baselines."""

import hashlib
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from hswarm.baselines.trials import Trials
from hswarm.baselines.workshop import Workshop
from hswarm.config import search_config
from hswarm.engines.request import Completion, Request
from hswarm.experts.family import Family, open_family
from hswarm.experts.recipe import Recipe
from hswarm.search.roster import Experts, Roster
from hswarm.search.tally import Tally
from hswarm.tasks.scorers.scorer import GoldScorer

sys.path.insert(0, str(Path(__file__).parents[1] / "search"))
from landscape import Landscape, make_setting, score


class Nearness(GoldScorer):
    """Scores an answer of the landscape, which is a number."""

    def matches(self, example, gold, answer):
        raise NotImplementedError

    def __call__(self, example, answer, /):
        try:
            return score(example, answer)
        except ValueError:
            return 0.0


EXPERTS = 4
ITEMS = 3


@dataclass
class Arena(Landscape):
    """A landscape whose models can design, too: chains, mostly, by the prompt's digest.

    `scripted` are what they say to begin with.
    """

    scripted: list[str] = field(default_factory=list)

    async def generate(self, request: Request, /) -> Completion:
        if not request.prompt.startswith("Design a network"):
            return await super().generate(request)
        if self.scripted:
            return Completion(self.scripted.pop(0), 1, 1)
        digest = int.from_bytes(hashlib.sha256(request.prompt.encode()).digest()[:8], "little")
        order = np.random.default_rng(digest).permutation(list("abcd")).tolist()
        return Completion(json.dumps({"edges": list(pairwise(order))}), 1, 1)


def make_trials(
    seed: int = 0,
    limit: int | None = None,
    *,
    experts: int = EXPERTS,
    engine: Landscape | None = None,
    baseline: dict | None = None,
) -> Trials:
    """Four experts whose best blend is known, on three items; see the landscape."""
    config = search_config("default", {"seed": seed, "baseline": baseline or {}})
    setting = make_setting(config, engine or Arena(), experts=experts, items=ITEMS)
    return Trials(replace(setting, scorer=Nearness(), tally=Tally(ITEMS, limit)), data=DATA)


ROOT = Path(__file__).parents[2] / "agents" / "tiny"
NAMES = ("friends", "homes", "jobs", "pets")
BRIEF = Recipe(steps=2, batch=2, learning_rate=0.01)
_SCRATCH = tempfile.TemporaryDirectory(prefix="hswarm-test-")
_folders = itertools.count()


def _write_data(name: str) -> str:
    path = Path(_SCRATCH.name) / f"{name}.jsonl"
    pairs = [{"prompt": f"item {k} of {name}", "response": f"{name} {k}."} for k in range(4)]
    path.write_text("\n".join(map(json.dumps, pairs)))
    return str(path)


DATA = {name: _write_data(name) for name in ("a", "b", "c", "d", *NAMES)}


@lru_cache(maxsize=1)
def tiny_family() -> Family:
    """Four experts of the tiny pool."""
    adapters = {name: str(ROOT / name) for name in NAMES}
    return open_family("tiny", str(ROOT / "base"), adapters, prompt="chat")


@dataclass
class Books:
    """An engine that notes which families it answers for."""

    here: list[str] = field(default_factory=list)

    def adopt(self, family: Family, beside: str) -> None:
        self.here.append(family.fingerprint)

    def dismiss(self, fingerprint: str) -> None:
        self.here.remove(fingerprint)


def make_shop(**asked) -> Trials:
    """The same trials over four real experts, with a workshop in a folder of its own."""
    trials = make_trials(**asked)
    family = tiny_family()
    roster = Roster((Experts(family.fingerprint, NAMES),))
    trials = Trials(replace(trials.setting, roster=roster), data=DATA, recipe=BRIEF)
    folder = Path(_SCRATCH.name) / str(next(_folders))
    trials.workshop = Workshop({family.fingerprint: family}, folder, Books())
    return trials
