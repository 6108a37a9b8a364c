"""Scorers by name."""

import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.scorers import SCORERS, make_scorer
from hswarm.tasks.task import Example

NEEDED = {
    "judge": {"prompt": "similarity"},
    "reward": {"reward": {"model": "some/model"}},
    "utility": {"function": "some:function"},
}
NEED_NO_ANSWER = ("reward", "toxicity", "utility")


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_can_be_made_by_name(name):
    scorer = make_scorer(name, NEEDED.get(name, {}), "x.yaml")
    assert isinstance(scorer, SCORERS[name])
    lacks = (None,) if name in NEED_NO_ANSWER else ("has no answer", "has no choices")
    assert scorer.lacks(Example("0", "?", ())) in lacks


def test_arguments_reach_the_scorer():
    item = Example("0", "?", ("12",))
    answer = "12 is what I get from it"
    assert make_scorer("gsm8k-paper", {}, "x.yaml")(item, answer) == 0.0
    assert make_scorer("gsm8k-paper", {"words": 10}, "x.yaml")(item, answer) == 1.0


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("gsm8k_paper", {}, "no scorer 'gsm8k_paper'"),
        ("gsm8k-paper", {"word": 10}, "x.yaml: scorer arguments: there is no key 'word'"),
        ("gsm8k-paper", {"words": 0}, "x.yaml: scorer arguments: words: .*greater"),
        ("gaia", {"words": 1}, "x.yaml: scorer arguments: there is no key 'words'"),
    ],
)
def test_what_is_not_there_is_a_user_error(name, arguments, message):
    with pytest.raises(HswarmError, match=message):
        make_scorer(name, arguments, "x.yaml")
