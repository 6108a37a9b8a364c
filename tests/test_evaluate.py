"""Evaluation with scorers that ask others, ask again, or take another mean."""

import asyncio
import math

import pytest

from hswarm.engines.request import CallFailed, Completion, Sampling
from hswarm.evaluate import Evaluation, calibrate, evaluate
from hswarm.graph.dag import LONE
from hswarm.system import System
from hswarm.tasks.task import Example

SAMPLING = Sampling(8)
EXAMPLES = tuple(Example(str(k), f"say {k}", (str(k),), part="ab"[k % 2]) for k in range(4))


class Echo:
    """An agent that says the last word of its prompt, or fails at it."""

    name = "echo"

    def __init__(self, failing=None):
        self.failing = failing

    async def respond(self, prompt, sampling, engine):
        word = prompt.text.split()[-1]
        if word == self.failing:
            raise CallFailed("no answer")
        return Completion(word, 1, 1)


def run(scorer, failing=None, **options):
    system = System(LONE, (Echo(failing),))
    (done,) = asyncio.run(evaluate([system], EXAMPLES, scorer, None, SAMPLING, **options))
    return done


def test_a_scorer_may_be_waited_for():
    async def score(example, answer):
        await asyncio.sleep(0)
        return float(answer) / 10

    assert run(score).scores == (0.0, 0.1, 0.2, 0.3)


def test_a_score_that_is_not_to_be_had_leaves_the_item_out():
    async def score(example, answer):
        if answer == "3":
            raise CallFailed("the judge gave no rating")
        return 1.0

    done = run(score, failing="0")
    assert done.scores == (None, 1.0, 1.0, None)
    assert done.utility == 1.0
    assert done.failures == ("0: no answer", "3: the judge gave no rating")


def test_what_else_goes_wrong_is_raised():
    def score(example, answer):
        raise ValueError("a mistake")

    with pytest.raises(ValueError, match="a mistake"):
        run(score)


def test_a_task_may_ask_again_and_its_last_answer_counts():
    class Twice:
        def follow_up(self, example, answer):
            done = example.question.startswith("again")
            return None if done else Example(example.id, f"again {answer}{answer}", ("x",))

        def __call__(self, example, answer):
            assert example.answers == ("x",)
            return float(answer)

    seen = []
    done = run(Twice(), on_transcript=lambda s, row, transcript: seen.append(transcript.answer))
    assert done.scores == (0.0, 11.0, 22.0, 33.0)
    assert sorted(seen) == ["00", "11", "22", "33"]


def test_a_task_may_take_another_mean_of_what_was_scored():
    class Least:
        def __call__(self, example, answer):
            return float(answer)

        def utility(self, examples, scores):
            assert [e.id for e in examples] == ["1", "2", "3"]
            return min(scores)

    assert run(Least(), failing="0").utility == 1.0


def test_nothing_scored_is_nan_for_any_task():
    assert math.isnan(Evaluation.of([None], ["x"]).utility)


def test_a_scale_is_set_by_the_reference_on_dev_without_its_failures():
    class Scale:
        def __init__(self, top=None):
            self.top = top

        async def calibrate(self, answers):
            return Scale(max(float(answer) for _, answer in answers))

        def __call__(self, example, answer):
            return float(answer) / self.top

    reference = System(LONE, (Echo(failing="3"),))
    scorer = asyncio.run(calibrate(Scale(), reference, EXAMPLES, None, SAMPLING))
    assert scorer.top == 2.0

    def plain(example, answer):
        return 1.0

    assert asyncio.run(calibrate(plain, reference, EXAMPLES, None, SAMPLING)) is plain
