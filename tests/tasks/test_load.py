"""A task by name: with the bundled data, or with a file of the user's."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hswarm.catalog import find, names
from hswarm.errors import HswarmError
from hswarm.tasks.bundled import GENERATORS
from hswarm.tasks.bundled.further import FURTHER
from hswarm.tasks.load import load_task
from hswarm.tasks.scorers import make_scorer
from hswarm.tasks.spec import read_spec

FIXTURES = Path(__file__).parent / "fixtures"
BUNDLED = ("gaia-text", "gsm8k", "knowledge-crosswords", "nlgraph")


@pytest.fixture(autouse=True)
def only_what_is_shipped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HSWARM_CATALOG", str(tmp_path / "user"))


@pytest.fixture
def write(tmp_path):
    """Write a task's file: a shipped one with changes."""

    def entry(**changes):
        spec = {**yaml.safe_load(find("tasks", "gsm8k").read_text()), "name": "sums", **changes}
        path = tmp_path / "sums.yaml"
        path.write_text(yaml.safe_dump({k: v for k, v in spec.items() if v is not None}))
        return str(path)

    return entry


@pytest.mark.parametrize("name", BUNDLED)
def test_a_shipped_task_comes_with_bundled_data_that_its_scorer_can_score(name):
    task = load_task(name)
    assert (task.name, task.title, task.bundled) == (name, f"{name} (bundled)", True)
    assert (len(task.dev), len(task.test)) == (150, 500)
    assert task.max_tokens == 64
    for example in (*task.dev, *task.test):
        assert task.scorer(example, f"The answer is {example.answers[0]}.") == 1.0
        assert task.scorer(example, "The answer is unknown.") == 0.0


@pytest.mark.parametrize("name", names("tasks"))
def test_every_entry_names_what_exists(name):
    spec = read_spec(find("tasks", name))
    assert spec.data.generator in (None, *GENERATORS, *FURTHER)
    assert set(spec.data.parts) <= set(names("tasks"))
    if spec.data.parts:
        assert spec.scorer.name == "harmonic-mean"
    else:
        assert make_scorer(spec.scorer.name, spec.scorer.arguments, name)


def test_the_papers_sizes_stand_next_to_ours():
    paper = read_spec(find("tasks", "gaia-text")).data.paper
    assert paper is not None
    assert (paper.dev, paper.test) == (13, 28)


def test_one_task_has_as_many_items_as_the_paper():
    small, whole = load_task("gaia-text-13-28"), load_task("gaia-text")
    assert (small.dev, small.test) == (whole.dev[:13], whole.test[:28])
    assert small.title == "gaia-text-13-28 (bundled)"


def test_a_file_of_the_user_replaces_the_data_and_says_so():
    task = load_task("knowledge-crosswords", data=str(FIXTURES / "choices.json"))
    assert task.title == "knowledge-crosswords (choices.json)"
    assert not task.bundled
    assert [example.id for example in task.dev] == ["a7", "a8"]


def test_a_limit_keeps_the_first_items_of_each_split():
    whole, part = load_task("gsm8k"), load_task("gsm8k", limit=7)
    assert part.dev == whole.dev[:7]
    assert part.test == whole.test[:7]


def test_a_limit_can_be_one_of_dev_and_one_of_test():
    whole, part = load_task("gsm8k"), load_task("gsm8k", limit=(3, 9))
    assert (part.dev, part.test) == (whole.dev[:3], whole.test[:9])
    assert load_task("skills", limit=(3, 9)).test[:9] == load_task("skills", limit=9).test[:9]


def test_the_fingerprint_is_of_the_examples_and_the_scoring(write):
    task = load_task("gsm8k", limit=5)
    assert load_task("gsm8k", limit=5).fingerprint == task.fingerprint
    fingerprints = {
        task.fingerprint,
        load_task("gsm8k", limit=6).fingerprint,
        load_task("nlgraph", limit=5).fingerprint,
        load_task(write(scorer={"name": "gsm8k-paper"}), limit=5).fingerprint,
        load_task(
            write(scorer={"name": "gsm8k-paper", "arguments": {"words": 10}}), limit=5
        ).fingerprint,
    }
    assert len(fingerprints) == 5
    same_scoring = write(scorer={"name": "gsm8k-paper", "arguments": {"words": 5}}, title="Sums")
    assert load_task(same_scoring, limit=5).fingerprint in fingerprints
    assert all(len(f) == 64 and int(f, 16) >= 0 for f in fingerprints)


@pytest.mark.parametrize("field", ["question", "answer", "choices", "context_chunks"])
def test_every_field_of_an_item_counts_for_the_fingerprint(tmp_path, field):
    data = json.loads((FIXTURES / "choices.json").read_text())
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(data))
    before = load_task("knowledge-crosswords", data=str(path))
    data["test"][0][field] = {
        "question": "Which one clucks?",
        "answer": "B",
        "choices": {"A": "horse", "B": "hens"},
        "context_chunks": ["Horses neigh."],
    }[field]
    path.write_text(json.dumps(data))
    after = load_task("knowledge-crosswords", data=str(path))
    assert after.fingerprint != before.fingerprint
    assert after.dev == before.dev
    assert replace(after, fingerprint="", test=(), scorer=before.scorer) == replace(
        before, fingerprint="", test=()
    )


@pytest.mark.parametrize(
    ("task", "file", "message"),
    [
        ("gsm8k", "prompts.json", r"prompts\.json: dev item '0' has no answer"),
        ("gsm8k", "chunks.json", r"dev item '177' has the answer 'Ben', which is no number"),
        ("knowledge-crosswords", "chunks.json", r"dev item '177' has no choices"),
        ("gsm8k", "none.json", r"none\.json cannot be read"),
        ("nlgrap", "chunks.json", r"no task 'nlgrap'"),
    ],
)
def test_data_that_does_not_fit_is_a_user_error(task, file, message):
    with pytest.raises(HswarmError, match=message):
        load_task(task, data=str(FIXTURES / file))


def test_a_test_item_that_lacks_an_answer_is_found_too(tmp_path):
    data = json.loads((FIXTURES / "chunks.json").read_text())
    del data["test"][0]["answer"]
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(data))
    with pytest.raises(HswarmError, match=r"mine\.json: test item '178' has no answer"):
        load_task("gaia-text", data=str(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scorers": 1}, r"sums\.yaml: there is no key 'scorers'"),
        ({"title": None}, r"sums\.yaml: title: it is required"),
        ({"name": "gsm8k"}, r"sums\.yaml: name: the task is called 'gsm8k' but its file 'sums'"),
        ({"scorer": {"name": "last_number"}}, r"no scorer 'last_number'"),
        ({"scorer": {"name": "gaia", "arguments": {"x": 1}}}, r"scorer arguments: .* key 'x'"),
        ({"scorer": {"name": "gaia", "code": "1"}}, r"sums\.yaml: there is no key 'scorer\.code'"),
        ({"data": {"generator": "gsm8", "dev": 1, "test": 1}}, r"no generator 'gsm8'"),
        ({"data": {"generator": "gsm8k", "dev": 0, "test": 1}}, r"data\.dev: .*greater"),
        (
            {"data": {"generator": "knowledge-crosswords", "dev": 9999, "test": 1}},
            r"no more than about \d+ dev and 1 test items can be made",
        ),
        ({"max_tokens": "many"}, r"max_tokens: .*valid integer"),
        ({"metric": "f1"}, r"metric: "),
    ],
)
def test_an_entry_that_is_wrong_is_a_user_error(write, changes, message):
    with pytest.raises(HswarmError, match=message) as caught:
        load_task(write(**changes))
    assert "\n" not in str(caught.value)


def test_a_domain_joins_no_rewards(tmp_path):
    entry = tmp_path / "both.yaml"
    entry.write_text(
        "name: both\ntitle: Both\ndata: {parts: [gsm8k, rm]}\nscorer: {name: harmonic-mean}\n"
        "metric: harmonic mean\nmax_tokens: 8\n"
    )
    with pytest.raises(HswarmError, match="both: rm is scored by a reward model"):
        load_task(str(entry))
