"""What every baseline promises, as tests to inherit."""

from __future__ import annotations

import asyncio
import math

from hswarm.baselines.attempt import Ending, attempt
from hswarm.baselines.trials import Trials
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Completion, Engine, Request
from hswarm.errors import HswarmError
from hswarm.evaluate import evaluate
from hswarm.search.found import Found
from hswarm.search.result import describe


class _Counting:
    """An engine that says how often it was asked."""

    def __init__(self, inner: Engine) -> None:
        self.asked = 0
        self._inner = inner

    async def generate(self, request: Request, /) -> Completion:
        self.asked += 1
        return await self._inner.generate(request)


def _refusal(name: str, trials: Trials) -> HswarmError | None:
    try:
        asyncio.run(attempt(name, trials))
    except HswarmError as refusal:
        return refusal
    return None


class BaselineContract:
    """Promises of a method called `name` in the dict of baselines.

    Inherit in a test class, set `name` and `most`, the evaluations that it takes by default at
    most, and say in `make_trials` what it works on: a few agents on a few items, with all random
    draws keyed by `seed`, and no more evaluations than `limit`.
    """

    name: str
    most: int

    def make_trials(self, seed: int, limit: int | None) -> Trials:
        """Return fresh trials; equal arguments give equal ones."""
        raise NotImplementedError

    def choose(self, seed: int = 0, limit: int | None = None) -> tuple[Found, Ending, Trials]:
        """Return what the method finds, why it ended, and its trials."""
        trials = self.make_trials(seed, limit)
        found, ending = asyncio.run(attempt(self.name, trials))
        return found, ending, trials

    def test_the_seed_decides_everything(self) -> None:
        """Two runs alike find the same, to the last bit."""
        first, again = self.choose(seed=1)[0], self.choose(seed=1)[0]

        assert first.utility == again.utility
        assert first.candidate == again.candidate

    def test_it_ends_by_itself(self) -> None:
        """Without a budget it takes no more evaluations than it says."""
        _, ending, trials = self.choose()

        assert ending == "done"
        assert 0 < trials.setting.tally.spent <= self.most

    def test_it_keeps_within_a_budget(self) -> None:
        """With any budget it finds something within it, or says in a line that it is too small."""
        for limit in sorted({1, 2, self.most // 2, self.most} - {0}):
            trials = self.make_trials(0, limit)
            refusal = _refusal(self.name, trials)

            assert trials.setting.tally.spent <= limit
            assert refusal is None or (limit < self.most and "max-evaluations" in refusal.hint)

    def test_what_it_finds_is_as_good_as_it_says(self) -> None:
        """The system it returns has the utility it returns, and can be written down."""
        found, _, trials = self.choose()
        setting = trials.setting
        system = found.candidate.system(setting.roster)
        run = evaluate([system], setting.examples, setting.scorer, setting.engine, setting.sampling)
        (evaluation,) = asyncio.run(run)

        assert math.isclose(evaluation.utility, found.utility, rel_tol=1e-12)
        nodes = describe(found.candidate, setting.roster)
        assert [node.parents for node in nodes] == list(found.candidate.dag.parents)

    def test_what_was_answered_is_not_asked_again(self) -> None:
        """Run again over the same memo, it asks for nothing: so it can be resumed."""
        trials = self.make_trials(2, None)
        counting = _Counting(trials.setting.engine)
        memo = MemoEngine(counting)
        utilities = []
        for _ in range(2):
            before = counting.asked
            trials = self.make_trials(2, None)
            object.__setattr__(trials.setting, "engine", memo)
            found, _ = asyncio.run(attempt(self.name, trials))
            utilities.append(found.utility)

        assert counting.asked == before
        assert utilities[0] == utilities[1]
