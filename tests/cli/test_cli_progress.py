import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.cli.progress import Progress
from hswarm.config import BudgetConfig, RoleConfig, RunConfig, SearchConfig
from hswarm.engines.usage import Usage
from hswarm.search.events import IterationEnded, StepEnded, StepStarted

METHODS = ("heterogeneous", "role-only", "weight-only", "model-swarms")
START = {"heterogeneous": 2, "role-only": 1, "weight-only": 2, "model-swarms": 1}
STEPS = {
    "heterogeneous": ("role", "weight", "move", "move"),
    "role-only": ("role", "move", "move"),
    "weight-only": ("weight",),
    "model-swarms": ("weight",),
}


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def make(method="heterogeneous", iterations=4, seconds=None, experts=10):
    clock = Clock()
    config = RunConfig(
        task="t",
        search=SearchConfig(method=method, max_iterations=iterations, role=RoleConfig(rounds=2)),
        budget=BudgetConfig(max_seconds=seconds),
    )
    return Progress(config, experts, Usage(), clock), clock


def run_step(progress, iteration, kind, best=0.5, spread=1.0):
    spread = math.nan if kind == "move" else spread
    progress.observe(StepStarted(iteration, kind, 10, 20))
    progress.observe(StepEnded(iteration, kind, (best,), best, spread))


def start(progress, best=0.5):
    for _ in range(START[progress.config.search.method]):
        run_step(progress, 0, "start", best)
    end_iteration(progress, 0, best)


def end_iteration(progress, iteration, best=0.5):
    most = progress.config.search.max_iterations
    progress.observe(IterationEnded(iteration, most, best, 0, 6))


@given(st.sampled_from(METHODS), st.integers(0, 6))
def test_share_done_only_grows_and_ends_at_one(method, iterations):
    progress, _ = make(method, iterations)
    shares = [progress.share_done()]
    start(progress)
    shares.append(progress.share_done())
    for iteration in range(1, iterations + 1):
        for kind in STEPS[method]:
            run_step(progress, iteration, kind)
            shares.append(progress.share_done())
        end_iteration(progress, iteration)
        shares.append(progress.share_done())
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] == 1.0
    progress.observe(StepStarted(0, "start", 10, 20))
    assert progress.comparing
    assert progress.share_done() == 1.0


def test_the_share_of_a_step_counts_answers_for_every_node():
    progress, _ = make(experts=10)
    progress.usage.answered = 7
    progress.observe(StepStarted(0, "start", systems=4, examples=5))
    progress.usage.answered += 50
    assert progress.step_share() == 0.25
    assert progress.share_done() == 0.25 / 2 / 5


def test_a_model_swarm_asks_one_node():
    progress, _ = make("model-swarms", experts=10)
    progress.observe(StepStarted(0, "start", systems=4, examples=5))
    progress.usage.answered += 5
    assert progress.step_share() == 0.25


def test_time_left_is_in_proportion_to_what_is_done():
    progress, clock = make(iterations=4)
    assert progress.seconds_left() is None
    start(progress)
    clock.now += 30
    assert progress.share_done() == pytest.approx(1 / 5)
    assert progress.seconds_left() == pytest.approx(120)


def test_time_left_is_no_more_than_the_budget_allows():
    progress, clock = make(iterations=4, seconds=50.0)
    start(progress)
    clock.now += 30
    assert progress.seconds_left() == pytest.approx(20)
    clock.now += 30
    assert progress.seconds_left() == 0.0


def test_a_resumed_run_is_timed_by_what_this_process_did():
    progress, clock = make(iterations=4)
    end_iteration(progress, 2)
    assert progress.share_done() == pytest.approx(3 / 5)
    assert progress.seconds_left() is None
    for kind in ("role", "weight"):
        run_step(progress, 3, kind)
    end_iteration(progress, 3)
    clock.now += 40
    assert progress.seconds_left() == pytest.approx(40)


def test_tokens_per_second_are_those_of_this_process():
    progress, clock = make()
    assert progress.tokens_per_second() == 0.0
    progress.usage.answered = 1_000_000
    progress.usage.work.generated_tokens = 300
    clock.now += 10
    assert progress.tokens_per_second() == 30.0


@pytest.mark.parametrize(
    ("method", "spreads"),
    [
        ("heterogeneous", {"graphs": 1.0, "weights": 2.0}),
        ("role-only", {"graphs": 1.0}),
        ("weight-only", {"graphs": 1.0, "weights": 2.0}),
        ("model-swarms", {"weights": 1.0}),
    ],
)
def test_the_spread_of_each_swarm_is_known_after_the_start(method, spreads):
    progress, _ = make(method)
    for spread in list(spreads.values()):
        run_step(progress, 0, "start", spread=spread)
    assert progress.spreads == spreads


def test_history_holds_the_best_after_each_iteration():
    progress, _ = make()
    assert progress.best == -math.inf
    start(progress, 0.2)
    run_step(progress, 1, "role", 0.3)
    assert progress.best == 0.3
    end_iteration(progress, 1, 0.3)
    assert progress.history == [0.2, 0.3]
