"""The bundled sets: fair, the same everywhere, and every answer is right.

The answers are worked out again here from the text of the question alone (and the world's tables,
for what has to be known), by other means than the generators use.
"""

import hashlib
import heapq
import json
import re
from itertools import pairwise

import numpy as np
import pytest

from hswarm.errors import HswarmError
from hswarm.tasks.bundled import GENERATORS, generate, split_of
from hswarm.tasks.bundled.gaia_text import CHUNKS, READ_BY
from hswarm.tasks.bundled.world import shared_world

TABLES = shared_world().tables
TASKS = sorted(GENERATORS)

GOLDEN = {
    "gaia-text": "27692d834716f9029e128218b3cc804e4f4adb3aa73213c18be819361d51176f",
    "gsm8k": "7fc8c612a0de4cda714919787ec49e36778b5c2e2b4c4116588c639d4efa107a",
    "knowledge-crosswords": "4743d17ad3c331f30139b4640fd45e72faf747bb23f3b1d07df3084a936f0354",
    "nlgraph": "1281bbb310ace34409d3a046ca8d1489c7e688407b0f0efba8d83653f3e1fc0f",
}


@pytest.fixture(scope="module")
def sets():
    return {task: generate(task, dev=150, test=500) for task in TASKS}


def items(sets, task):
    return [*sets[task]["dev"], *sets[task]["test"]]


@pytest.mark.parametrize("task", TASKS)
def test_the_sizes_asked_for_are_reached(sets, task):
    assert [len(sets[task][split]) for split in ("dev", "test")] == [150, 500]


@pytest.mark.parametrize("task", TASKS)
def test_the_data_is_the_same_on_every_machine(sets, task):
    text = json.dumps(sets[task], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN[task]


@pytest.mark.parametrize("task", TASKS)
def test_a_smaller_set_is_the_beginning_of_a_larger_one(sets, task):
    assert generate(task, dev=10, test=0)["dev"] == sets[task]["dev"][:10]


@pytest.mark.parametrize("task", TASKS)
def test_no_item_occurs_twice(sets, task):
    seen = [json.dumps({**item, "id": ""}, sort_keys=True) for item in items(sets, task)]
    assert len(set(seen)) == len(seen)
    assert len({item["id"] for item in items(sets, task)}) == len(seen)


@pytest.mark.parametrize("task", TASKS)
def test_problems_of_one_key_are_in_one_split_and_no_split_is_empty(task):
    rng, world = np.random.default_rng(5), shared_world()
    problems = [GENERATORS[task](world, rng) for _ in range(300)]
    splits = {split_of(task, problem.key) for problem in problems}
    assert splits >= {"dev", "test"}
    assert ("train" in splits) == (task in ("gsm8k", "nlgraph"))
    by_key = {}
    for problem in problems:
        assert by_key.setdefault(problem.key, split_of(task, problem.key)) == split_of(
            task, problem.key
        )


# --- answers, worked out again ---


def shortest(lines, start, end):
    """Dijkstra over "Node a is connected to node b with weight w" lines."""
    near = {
        int(a): [(int(w), int(b)) for b, w in re.findall(r"node (\d+) with weight (\d+)", rest)]
        for a, rest in re.findall(r"Node (\d+) is connected to (.*)\.", lines)
    }
    queue, done = [(0, start)], set()
    while queue:
        length, node = heapq.heappop(queue)
        if node == end:
            return length
        if node not in done:
            done.add(node)
            for weight, other in near[node]:
                heapq.heappush(queue, (length + weight, other))
    raise AssertionError("no path")


def reachable(lines, start):
    """Breadth-first search over "Node a is connected to b, c" lines."""
    near = {
        int(a): {int(b) for b in rest.split(", ")}
        for a, rest in re.findall(r"Node (\d+) is connected to (.*)\.", lines)
    }
    found, border = {start}, {start}
    while border:
        border = {b for a in border for b in near.get(a, ())} - found
        found |= border
    return found


def test_answers_of_nlgraph(sets):
    kinds = []
    for item in items(sets, "nlgraph"):
        question = item["question"]
        start, end = map(int, re.search(r"between node (\d+) and node (\d+)", question).groups())
        kinds.append("shortest" in question)
        if kinds[-1]:
            assert str(shortest(question, start, end)) == item["answer"]
        else:
            assert item["answer"] == ("Yes" if end in reachable(question, start) else "No")
    assert 0.4 < sum(kinds) / len(kinds) < 0.6
    verdicts = [i["answer"] for i in items(sets, "nlgraph") if i["answer"] in ("Yes", "No")]
    assert 0.4 < verdicts.count("Yes") / len(verdicts) < 0.6


def test_edges_of_nlgraph_are_told_from_both_ends_alike(sets):
    for item in items(sets, "nlgraph"):
        told = {
            (a, b, w)
            for a, rest in re.findall(r"Node (\d+) is connected to (.*)\.", item["question"])
            for b, w in re.findall(r"(?:node )?(\d+)(?: with weight (\d+))?(?:, |$)", rest)
        }
        assert told == {(b, a, w) for a, b, w in told}


def sum_told(question):
    """Keep count as the story goes on."""
    have = bought = None
    for sentence in re.split(r"(?<=[.?]) ", question):
        numbers = [int(n) for n in re.findall(r"\d+", sentence)]
        if "boxes with" in sentence:
            have = numbers[0] * numbers[1]
        elif " gets " in sentence:
            have += numbers[0]
        elif " loses " in sentence:
            have -= numbers[0]
        elif " buys " in sentence:
            tool = re.search(r"tool (\w+)", sentence)[1]
            bought = numbers[0] * int(TABLES["price"][tool])
        elif " had " in sentence or re.search(r" has \d", sentence):
            have = numbers[0]
    if bought is None:
        return have
    return have - bought if "left" in question else bought


def test_answers_of_gsm8k(sets):
    for item in items(sets, "gsm8k"):
        assert str(sum_told(item["question"])) == item["answer"]
        assert 0 <= int(item["answer"]) < 100


def test_answers_of_crosswords(sets):
    for item in items(sets, "knowledge-crosswords"):
        triples = re.findall(r"\((.+?), (\w+), (blank \d)\)", item["question"])
        right = []
        for letter, text in item["choices"].items():
            filled = dict(re.findall(r"(blank \d): (\w+);", text))
            assert len(filled) == len(triples)
            if all(TABLES[r].get(filled.get(a, a)) == filled[b] for a, r, b in triples):
                right.append(letter)
        assert right == [item["answer"]]
    letters = [item["answer"] for item in items(sets, "knowledge-crosswords")]
    assert min(letters.count(letter) for letter in "ABCD") > len(letters) / 6


def follow_context(item):
    """Read the way through the chunks, then through the tables: (person, answer, places)."""
    start, *relations = re.fullmatch(r"What is the (.*)\?", item["question"])[1].split("'s ")
    told = {}
    for place, chunk in enumerate(item["context_chunks"]):
        a, relation, b = re.fullmatch(r"(\w+)'s (\w+) is (\w+)\.", chunk).groups()
        assert told.setdefault((a, relation), (b, place)) == (b, place)
    at, places, person = start, [], None
    for relation in relations:
        if relation in TABLES:
            person = person or at
            at = TABLES[relation][at]
        else:
            at, place = told[at, relation]
            places.append(place)
    return person, at, places


def test_answers_of_gaia_take_the_first_chunks_in_order_and_the_tables(sets):
    for item in items(sets, "gaia-text"):
        assert len(item["context_chunks"]) == CHUNKS
        person, answer, places = follow_context(item)
        assert answer == item["answer"]
        assert person is not None
        assert 1 <= len(places) <= 2
        assert all(a < b for a, b in pairwise(places))
        assert places[-1] < READ_BY


def test_no_chunk_says_the_answer(sets):
    for item in items(sets, "gaia-text"):
        for chunk in item["context_chunks"]:
            assert item["answer"] not in re.findall(r"\w+", chunk)


@pytest.mark.parametrize("task", TASKS)
def test_the_last_step_ends_with_the_answer(task):
    rng, world = np.random.default_rng(11), shared_world()
    for _ in range(200):
        problem = GENERATORS[task](world, rng)
        last = problem.steps[-1].text.rstrip(".").split()[-1]
        if problem.choices:
            assert problem.choices[problem.answer].endswith(f": {last};")
            assert problem.guesses[-1] == (problem.answer,)
        elif problem.answer in ("Yes", "No"):
            assert (", not " in problem.steps[-1].text) == (problem.answer == "No")
        else:
            assert last == problem.answer
        if problem.guesses:
            assert len(problem.guesses) == len(problem.steps) + 1
            assert all(problem.answer in possible for possible in problem.guesses)


def test_a_walk_follows_edges_till_it_is_there_or_can_go_no_further():
    rng, world = np.random.default_rng(13), shared_world()
    for _ in range(200):
        problem = GENERATORS["nlgraph"](world, rng)
        if problem.answer not in ("Yes", "No"):
            continue
        edges = {
            node: set(others.split(", "))
            for node, others in re.findall(r"Node (\d) is connected to ([^.]*)\.", problem.question)
        }
        start, end = re.search(r"between node (\d+) and node (\d+)", problem.question).groups()
        way, _, missed = problem.steps[-1].text.rstrip(".").partition(", not ")
        walked = [start, *way.removeprefix(f"From {start} one reaches ").split()]
        assert all(b in edges[a] for a, b in pairwise(walked))
        if problem.answer == "Yes":
            assert (walked[-1], missed) == (end, "")
        else:
            assert missed == end
            assert not edges[walked[-1]] - set(walked)


def test_arithmetic_in_steps_is_right():
    rng, world = np.random.default_rng(12), shared_world()
    signs = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    for task in ("gsm8k", "nlgraph"):
        for _ in range(200):
            for step in GENERATORS[task](world, rng).steps:
                for a, sign, b, result in re.findall(r"(\d+) ([+*-]) (\d+) = (\d+)", step.text):
                    assert signs[sign](int(a), int(b)) == int(result)


def test_an_unknown_generator_is_a_user_error():
    with pytest.raises(HswarmError, match="no generator 'gsm'"):
        generate("gsm", dev=1, test=1)
