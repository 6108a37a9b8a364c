"""The bundled sets beyond the first four: the same everywhere, and every answer is right."""

import hashlib
import json
import re

import pytest

from hswarm.catalog import names
from hswarm.tasks.bundled import GENERATORS, generate
from hswarm.tasks.bundled.further import FURTHER
from hswarm.tasks.bundled.world import shared_world
from hswarm.tasks.load import load_task

TABLES = shared_world().tables

GOLDEN = {
    "long-text": "cbcbe927886aac5865e59e723b4e668f5812398dda065bb432e954902b10885f",
    "puzzle": "2d5a4681fa428f52de607aa24bdaafa4cb7640d7ad3123fc345613efe3c419ec",
    "beginning": "c073bece0a503599e0eecb3f49fe1dd3d87a55b24b6929f182ad748719d9c8f0",
    "instruction": "e5a771b3a7d75e2d85fc161590da556e4877a403eabe1c5f6204918ffe1fccf1",
    "sum": "33a31c859c8333a070503d08430a8348af0b9571cd18f5f6bf87d493198a4c0a",
    "relay": "284a87f52c8789522f1bf0ed4d6e0e0940c53cc78fb5fbd7e1126fcbcf67ab90",
    "doubt": "14b0585996b3a5d89079a2c3165c1eb298601eb1c71df8a5e66ef9e05fd05f27",
}


def said(generator):
    return generate(generator, dev=10, test=20)


@pytest.mark.parametrize("generator", FURTHER)
def test_a_set_is_the_same_on_every_machine_and_its_splits_share_nothing(generator):
    content = said(generator)
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN[generator]
    dev, test = ({json.dumps({**item, "id": ""}) for item in content[s]} for s in content)
    assert (len(dev), len(test), len(dev & test)) == (10, 20, 0)


def test_streams_of_draws_are_nobody_elses():
    streams = [stream for stream, _ in FURTHER.values()]
    assert len(set(streams)) == len(streams)
    assert min(streams) > len(GENERATORS)


def test_at_least_eight_bundled_sets_load_and_say_so():
    bundled = []
    for name in names("tasks"):
        try:
            task = load_task(name, data="bundled", limit=5)
        except Exception:
            continue
        assert task.title == f"{name} (bundled)"
        bundled.append(name)
    assert len(bundled) >= 8


def test_sums_are_right():
    for item in said("sum")["test"]:
        boxes, each, more = map(int, re.findall(r"\d+", item["question"]))
        assert int(item["answer"]) == boxes * each + more


def test_a_long_texts_answer_stands_in_its_chunks():
    for item in said("long-text")["test"]:
        assert len(item["context_chunks"]) == 10
        thing, relation = re.search(
            r"the (\w+)'s owner.* owner's (\w+)\?", item["question"]
        ).groups()
        owner, value = item["answer"].split(", ")
        (chunk,) = [
            c for c in item["context_chunks"] if c.startswith(f"{thing}'s owner is {owner}.")
        ]
        assert f"{owner}'s {relation} is {value}." in chunk


def test_a_relays_rounds_follow_the_tables():
    for item in said("relay")["test"]:
        person, relation = re.search(r"What is (\w+)'s (\w+)\?", item["question"]).groups()
        value = TABLES[relation][person]
        assert value == item["answer"]
        for later in item["rounds"]:
            relation = re.search(r"\{answer\}'s (\w+)\?", later["question"])[1]
            value = TABLES[relation][value]
            assert value == later["answer"]


def test_a_puzzles_truth_is_true():
    for item in said("puzzle")["test"]:
        person = item["question"].split()[0]
        for subject, relation, value in re.findall(r"(\w+)'s (\w+) is (\w+)\.", item["answer"]):
            assert TABLES[relation][subject] == value
        assert item["answer"].startswith(f"{person}'s city is ")
