"""Nothing of a bundled task's test items can be known from its dev items, or from training.

What an item is about is read from its text here, by other means than the generators use.
"""

import re
from itertools import islice

import numpy as np
import pytest

from hswarm.catalog import find, names
from hswarm.tasks.bundled import GENERATORS, split_of
from hswarm.tasks.bundled.world import KINDS, RELATIONS, shared_world
from hswarm.tasks.load import load_task
from hswarm.tasks.spec import read_spec
from hswarm.tasks.task import Example
from hswarm.tiny.corpus import exchanges
from hswarm.tiny.skills import SKILLS

TASKS = [
    name for name in names("tasks") if read_spec(find("tasks", name)).data.generator in GENERATORS
]
"""Those that the pool learns."""
PEOPLE = KINDS["person"]
LARGE = [
    name
    for name in names("tasks")
    if read_spec(find("tasks", name)).data.generator and name != "gaia-text-13-28"
]
"""All that come along, but for the one that is as small as the paper's."""


def person_led_to(example):
    """Follow the question through the example's own context, as far as that says something."""
    facts = [
        re.fullmatch(r"(\w+)'s (\w+) is (\w+)\.", chunk).groups()
        for chunk in example.context_chunks
    ]
    told = {(a, relation): b for a, relation, b in facts}
    at, *relations = re.fullmatch(r"What is the (.*)\?", example.question)[1].split("'s ")
    for relation in relations:
        if relation in RELATIONS:
            return at
        at = told[at, relation]
    raise AssertionError("the question leads to nobody")


def numbers_told(example):
    """Return the sum behind a story: its numbers and what happens to them, without the names."""
    return tuple(re.findall(r"\d+|boxes|more|loses|buys|left|tool \w+", example.question))


def person_asked(example):
    return re.search(r"Constraints: \((\w+),", example.question)[1]


def graph_and_nodes(example):
    """Return who is connected with whom, and the two nodes that are asked about."""
    lines = re.findall(r"Node (\d) is connected to (.*)\.", example.question)
    edges = {
        (frozenset((a, b)), weight)
        for a, told in lines
        for b, weight in re.findall(r"(?:node )?(\d)(?: with weight (\d))?", told)
    }
    return frozenset(edges), frozenset(
        re.search(r"node (\d) and node (\d)", example.question).groups()
    )


ABOUT = {
    "gaia": person_led_to,
    "last-number": numbers_told,
    "multiple-choice": person_asked,
    "nlgraph": graph_and_nodes,
}
"""By scorer: what an item is about, which must not be shared by dev and test."""


@pytest.mark.parametrize("name", LARGE)
def test_the_sets_are_large_enough_to_tell_systems_apart(name):
    task = load_task(name, data="bundled")
    assert len(task.dev) >= 150
    assert len(task.test) >= 500
    assert task.leaked == 0


@pytest.mark.parametrize("name", TASKS)
def test_dev_and_test_are_about_other_people_numbers_and_graphs(name):
    task = load_task(name)
    about = ABOUT[task.scorer_name]
    dev, test = ({about(example) for example in part} for part in (task.dev, task.test))
    assert dev
    assert test
    assert not dev & test
    assert task.leaked == 0


@pytest.mark.parametrize("task", ["gaia-text", "knowledge-crosswords"])
def test_every_person_is_in_one_split(task):
    """Questions start from people, so a person decides, whatever is asked and whatever is drawn."""
    rng, world = np.random.default_rng(3), shared_world()
    splits = {}
    for _ in range(2_000):
        problem = GENERATORS[task](world, rng)
        splits.setdefault(problem.key, set()).add(split_of(task, problem.key))
    assert set(splits) == set(PEOPLE)
    assert all(len(split) == 1 for split in splits.values())


@pytest.mark.parametrize(("name", "begins"), [("gsm8k", PEOPLE), ("nlgraph", ("The following",))])
def test_skills_are_trained_on_other_numbers_and_other_nodes_of_graphs(name, begins):
    """Of tables of facts there is nothing to generalise to; of sums and graphs there is."""
    task = load_task(name)
    about = ABOUT[task.scorer_name]
    kept = {about(example) for example in (*task.dev, *task.test)}
    skills = {kind for kinds in SKILLS.values() for kind in kinds}
    drawn = islice(exchanges(skills, np.random.default_rng(1), focus=0.5), 4_000)
    questions = [exchange.prompt.rpartition("Question: ")[2].strip() for exchange in drawn]
    trained = {about(Example("", q, ())) for q in questions if q.startswith(begins)}
    assert len(trained) > 100
    assert not kept & trained
