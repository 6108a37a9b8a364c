"""From a conversation to a question, its context, and how the nodes decode."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hswarm.engines.request import Sampling
from hswarm.pipeline.manifest import TaskNote
from hswarm.serve.chat import ChatRequest
from hswarm.serve.errors import ApiError
from hswarm.serve.limits import Limits
from hswarm.serve.question import part_context, read_question
from hswarm.serve.stops import cut, settled

TASK = TaskNote(
    name="t", title="t", scorer="gaia", context_chunks=True, longest_question=30
)  # fmt: skip


def chat(messages, **more):
    return ChatRequest.model_validate({"model": "my-pipeline", "messages": messages, **more})


def say(role, content):
    return {"role": role, "content": content}


@pytest.fixture
def read(pipeline):
    def read(*messages, limits=None, **more):
        return read_question(chat(list(messages), **more), pipeline, limits or Limits())

    return read


def test_one_message_is_the_question_as_it_is(read):
    assert read(say("user", "Who?")).text == "Who?"


def test_instructions_go_before_it(read):
    asked = read(say("system", "Be brief."), say("user", "Who?"), context_chunks=[])
    assert asked.text == "Be brief.\n\nWho?"


def test_a_conversation_is_told_as_one(read):
    asked = read(
        say("system", ""),
        say("user", "Who?"),
        say("assistant", "Ada."),
        say("user", [{"type": "text", "text": "Really"}, {"type": "text", "text": "her?"}]),
        context_chunks=[],
    )
    assert asked.text == "User: Who?\nAssistant: Ada.\nUser: Really\nher?"


@pytest.mark.parametrize("last", [say("assistant", "Ada."), say("user", " \n"), say("system", "x")])
def test_the_user_has_the_last_word(last, read):
    with pytest.raises(ApiError, match="last one must be the user's"):
        read(say("user", "Who?"), last)


def test_another_model_is_not_here(pipeline):
    asked = ChatRequest.model_validate({"model": "../x", "messages": [say("user", "Who?")]})
    with pytest.raises(ApiError, match=r"no model '\.\./x' here") as caught:
        read_question(asked, pipeline, Limits())
    assert caught.value.status == 404


def test_context_that_is_given_is_taken_as_it_is(read):
    asked = read(say("user", "a. " * 100), context_chunks=["one", "two"])
    assert asked.context_chunks == ("one", "two")
    assert asked.text == "a. " * 100


@pytest.mark.parametrize(
    ("text", "question", "chunks"),
    [
        ("What is the hat's owner?", "What is the hat's owner?", []),
        ("A hat is red. A cup is\nblue!\n\nWhat is the hat?", "What is the hat?",
         ["A hat is red.", "A cup is", "blue!"]),
        ("A hat is red.\nA cup is blue.\nWhat is it?", "What is it?",
         ["A hat is red.", "A cup is blue."]),
        ("First paragraph.\n \nSecond one.\n\nWhat is it?", "What is it?",
         ["First paragraph.", "Second one."]),
        ("A single line that is longer than any question", None, []),
    ],
)  # fmt: skip
def test_a_long_message_brings_its_context(text, question, chunks):
    assert part_context(text, TASK) == (question or text, chunks)


def test_a_task_without_context_has_none_to_part():
    text = "A hat is red. A cup is blue.\n\nWhat is the hat?"
    assert part_context(text, TASK.model_copy(update={"context_chunks": False})) == (text, [])


@given(st.text())
def test_no_word_of_the_context_is_lost(text):
    question, chunks = part_context(text, TASK)
    assert " ".join([*chunks, question]).split() == text.split()


def test_nodes_decode_as_in_the_search_unless_one_says_otherwise(read, pipeline):
    assert read(say("user", "Who?")).samplings == pipeline.samplings
    assert read(say("user", "Who?"), temperature=0, seed=1234, top_p=0.5).samplings == (
        pipeline.samplings
    )


def test_temperature_is_for_all_nodes_and_the_limit_for_the_last(read, pipeline):
    asked = read(say("user", "Who?"), temperature=0.7, seed=5, top_p=0.9, max_tokens=9)
    warm = Sampling(max_tokens=64, temperature=0.7, top_p=0.9, seed=5)
    assert asked.samplings[:2] == (warm, warm)
    assert asked.samplings[pipeline.system.dag.end].max_tokens == 9


def test_without_a_seed_every_request_draws_anew(read):
    seeds = {read(say("user", "Who?"), temperature=1.0).samplings[0].seed for _ in range(5)}
    assert len(seeds) == 5


@pytest.mark.parametrize(
    ("asked", "limit", "most"),
    [(None, None, 64), (100, None, 64), (9, None, 9), (100, 80, 80), (None, 80, 64), (9, 80, 9)],
)
def test_an_answer_has_at_most_what_is_asked_and_what_is_allowed(asked, limit, most, read):
    limits = Limits(max_tokens=limit)
    question = read(say("user", "Who?"), max_completion_tokens=asked, limits=limits)
    assert question.samplings[2].max_tokens == most


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 2}, {"logprobs": True}, {"tools": [{}]}, {"response_format": {"type": "json_object"}},
        {"frequency_penalty": 0.5}, {"temperature": "hot"}, {"temperature": 2.1}, {"stop": [""]},
        {"stop": list("abcde")}, {"max_tokens": 0}, {"stream": "yes"}, {"nonsense": 1},
        {"max_tokens": True}, {"top_p": float("nan")}, {"messages": []},
    ],
)  # fmt: skip
def test_what_has_no_effect_is_refused(wrong):
    with pytest.raises(ValidationError):
        ChatRequest.model_validate({"model": "m", "messages": [say("user", "Who?")], **wrong})


def test_what_changes_nothing_is_taken():
    chat(
        [{**say("user", "Who?"), "name": "ada", "type": "text"}],
        n=1, logprobs=False, tools=[], response_format={"type": "text"}, frequency_penalty=0.0,
        presence_penalty=0, user="ada", metadata={"a": "b"}, stop=None, stream=None,
    )  # fmt: skip


# --- where an answer stops ---

TEXTS = st.text(alphabet="ab\n", max_size=12)
STOPS = st.lists(st.text(alphabet="ab\n", min_size=1, max_size=3), max_size=4)


@given(TEXTS, STOPS)
def test_the_answer_ends_before_the_first_stop(text, stops):
    said = cut(text, stops)
    assert text.startswith(said)
    assert not any(stop in said for stop in stops)
    assert said == text or any(text[len(said) :].startswith(stop) for stop in stops)


@given(TEXTS, STOPS)
def test_what_is_said_early_is_never_taken_back(text, stops):
    whole = cut(text, stops)
    for end in range(len(text) + 1):
        assert whole.startswith(settled(text[:end], stops))


@given(TEXTS)
def test_without_stops_nothing_is_held_back(text):
    assert settled(text, []) == cut(text, []) == text
