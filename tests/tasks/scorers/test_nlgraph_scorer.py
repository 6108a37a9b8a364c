"""NLGraph's answers: yes, no or a length."""

import pytest

from hswarm.tasks.scorers.nlgraph import NlGraph
from hswarm.tasks.task import Example
from hswarm.testing.scorers import ScorerContract


class TestNlGraph(ScorerContract):
    scorer = NlGraph()
    examples = tuple(Example("0", "?", (gold,)) for gold in ("Yes", "No", "19"))


@pytest.mark.parametrize(
    ("gold", "answer", "score"),
    [
        ("Yes", "From 3 one reaches 3 1 2. The answer is Yes.", 1.0),
        ("Yes", "Maybe Yes.", 1.0),
        ("Yes", "yes", 1.0),
        ("Yes", "The answer is No.", 0.0),
        ("Yes", "No. Wait: YES!", 1.0),
        ("No", "There is none.", 0.0),
        ("No", "Nodes 1 and 2 are in one part. Not connected.", 0.0),
        ("No", "No, they are not connected.", 1.0),
        ("No", "Yes", 0.0),
        ("Yes", "7", 0.0),
        ("19", "3 to 1 is 9. 1 to 2 is 10. 9 + 10 = 19. The answer is 19.", 1.0),
        ("19", "The length is 19, along 1-2-3.", 0.0),
        ("19", "The length is 19 (no other is shorter).", 1.0),
        ("19", "119", 0.0),
        ("19", "The answer is unknown.", 0.0),
    ],
)
def test_reads(gold, answer, score):
    assert NlGraph()(Example("0", "?", (gold,)), answer) == score


def test_says_what_an_item_lacks():
    assert NlGraph().lacks(Example("0", "?", ())) == "has no answer"
    assert "'maybe'" in str(NlGraph().lacks(Example("0", "?", ("maybe",))))
    assert NlGraph().lacks(Example("0", "?", ("Yes",))) is None
