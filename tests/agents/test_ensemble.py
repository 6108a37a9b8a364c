"""Ensembles: who agrees with whom, who counts how much, whose answer is taken."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.agents.agent import make_agent
from hswarm.agents.ensemble import (
    Ensemble,
    Nearest,
    Plurality,
    gist,
    options_of,
    read_rule,
    take_vote,
)
from hswarm.agents.prompts import Prompt
from hswarm.agents.similarity import describe_corpora, nearness, term_counts
from hswarm.engines.request import Blend, CallFailed, Completion, Sampling
from hswarm.engines.streaming import follow

MEMBERS = [Blend("family", (float(k == 0), float(k == 1), float(k == 2))) for k in range(3)]
PROMPT = Prompt(0, "entry", (), "", "which city")


class Said:
    """Answers by expert, and remembers who was asked what."""

    def __init__(self, *answers):
        self.answers = answers
        self.asked = []

    async def generate(self, request, /):
        self.asked.append(request)
        answer = self.answers[request.model.row.index(1.0)]
        if answer is None:
            raise CallFailed("no answer")
        return Completion(answer, 3, 2)


def respond(rule, engine):
    agent = make_agent("we", Ensemble.of(MEMBERS, rule))
    return asyncio.run(agent.respond(PROMPT, Sampling(8), engine))


@pytest.mark.parametrize(
    "answer",
    [
        "Paris",
        "paris.",
        "The answer is Paris.",
        "It rains.\nFINAL ANSWER: **Paris**\nso",
        " PARIS ",
    ],
)
def test_answers_that_say_the_same_agree(answer):
    assert gist(answer) == "paris"


@pytest.mark.parametrize(
    "answer", ["B", "b.", "B) Paris", "The answer is (B).", "**B: Paris**", "answer is B, Paris"]
)
def test_answers_that_pick_the_same_option_agree(answer):
    options = options_of("Which city?\nA: Oslo\nB: Paris")

    assert options == {"A", "B"}
    assert gist(answer, options) == "b"


@pytest.mark.parametrize("answer", ["B. Obama", "A city", "I think so", "B: Paris"])
def test_a_letter_is_no_label_where_there_is_no_such_option(answer):
    options = options_of("Who is A. Lincoln?\nA: a president\nC: a king")

    assert gist(answer, options) == gist(answer) != answer[0].casefold()


def test_the_last_statement_counts():
    assert gist("The answer is 3. No: the answer is 4.") == "4"


@pytest.mark.parametrize(
    ("answers", "counts", "taken"),
    [
        (["a", "b", "B."], [1, 1, 1], 1),
        (["a", "b", "c"], [1, 1, 1], 0),
        (["a", "b", "b"], [3, 1, 1], 0),
        (["a", "b", "The answer is b"], [1, 1, 2], 2),
    ],
)
def test_the_heaviest_opinion_wins_and_its_heaviest_holder_speaks(answers, counts, taken):
    assert take_vote(answers, counts) == taken


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6), st.data())
def test_any_answers_can_be_voted_on(answers, data):
    counts = data.draw(st.lists(st.floats(0.1, 5), min_size=len(answers), max_size=len(answers)))
    assert 0 <= take_vote(answers, counts) < len(answers)


def test_everybody_is_asked_as_if_alone_and_what_it_took_is_added_up():
    engine = Said("x", "y", "y")
    completion = respond(Plurality(), engine)

    assert completion == Completion("y", 9, 6)
    assert {request.prompt for request in engine.asked} == {PROMPT.text}
    assert [request.model for request in engine.asked] == MEMBERS


def test_a_failed_member_fails_the_vote():
    with pytest.raises(CallFailed):
        respond(Plurality(), Said("x", None, "x"))


def test_who_listens_does_not_hear_the_members():
    class Streams(Said):
        async def stream(self, request, hear, /):
            raise AssertionError("nobody is to be heard")

    heard = []
    assert respond(Plurality(), follow(Streams("x", "y", "y"), heard.append)).text == "y"


TERMS, RARITY = describe_corpora(
    [["which city does Ann live in"], ["what is two plus three"], ["a city in a country"]]
)


def test_only_the_nearest_are_asked():
    engine = Said("x", "y", "z")
    rule = Nearest(terms=TERMS, rarity=RARITY, most=2, temperature=0.1)

    assert respond(rule, engine).text == "x"
    assert [request.model for request in engine.asked] == [MEMBERS[0], MEMBERS[2]]


def test_nearness_by_hand():
    vectors, rarity = ({"a": 1.0}, {"b": 1.0}), {"a": 1.0, "b": 1.0}
    shares = nearness(term_counts("a a b"), vectors, rarity, most=2, temperature=0.5)

    # Cosines 2/√5 and 1/√5.
    ratio = 2.718281828459045 ** ((1 / 5**0.5) / 0.5)
    assert shares == pytest.approx([ratio / (1 + ratio), 1 / (1 + ratio)])
    assert nearness(term_counts("c"), vectors, rarity, most=1, temperature=1.0) == [1.0, 0.0]


def test_a_word_that_all_have_says_nothing():
    vectors, rarity = describe_corpora([["the cat"], ["the dog"]])

    assert rarity["the"] == 0.0
    assert vectors[0]["cat"] == pytest.approx(1.0)


def test_a_rule_survives_being_written_down():
    rule = Nearest(terms=TERMS, rarity=RARITY, most=2, temperature=0.1)
    assert read_rule(Ensemble.of(MEMBERS, rule).rule) == rule
    assert json.loads(Ensemble.of(MEMBERS, Plurality()).rule) == {"kind": "plurality"}
    with pytest.raises(ValueError, match="no rule"):
        read_rule('{"kind": "loudest"}')
