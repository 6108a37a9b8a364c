"""Whole runs on the models that come with the package."""

import asyncio
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

import hswarm
from hswarm.api import Watch, configure, resume, start
from hswarm.errors import HswarmError
from hswarm.search.events import Note

SMALL = {
    "limit": 6,
    "max_iterations": 1,
    "settings": {"engine": {"threads": 1}, "search": {"role": {"moves": 6, "order_rounds": 2}}},
}


def small_run(folder: Path, task: str = "gaia-text", watch=None, **changes):
    watch = watch or Watch()
    result = hswarm.optimize(task, run=folder, watch=watch, **{**SMALL, **changes})
    return result, watch.usage


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "gaia"
    return folder, *small_run(folder)


def test_every_distinct_request_is_generated_once(finished):
    folder, result, usage = finished
    with sqlite3.connect(folder / "memo.sqlite") as memo:
        [(distinct,)] = memo.execute("SELECT count(*) FROM answer")
    counted = [json.loads(line) for line in (folder / "journal.jsonl").open()]
    last = [line for line in counted if line["event"] == "iteration"][-1]

    assert usage.work.requests == distinct
    assert result.search.generated == last["generated"]
    assert result.search.answered == last["answered"]
    assert usage.work.requests == result.total.generated < result.total.answered


def test_a_bundled_set_is_never_taken_for_the_benchmark(finished):
    folder, result, _ = finished

    assert result.task == "gaia-text (bundled)"
    assert json.loads((folder / "result.json").read_text())["task"] == "gaia-text (bundled)"


def test_the_result_is_what_the_journal_says(finished):
    folder, result, _ = finished
    lines = [json.loads(line) for line in (folder / "journal.jsonl").open()]
    evaluations = [line for line in lines if line["event"] == "evaluation"]
    best = max(line["utility"] for line in evaluations if line["items"] == SMALL["limit"])

    assert result.found.dev.utility == best


def test_the_result_says_what_choosing_by_dev_made_of_it(finished):
    _, result, _ = finished

    assert result.selection.searched == result.found.dev
    assert result.selection.held is None
    assert result.selection.bias == result.found.dev.utility - result.found.test.utility


def test_held_items_are_kept_from_the_search_and_decide_at_its_end(tmp_path):
    held = {**SMALL["settings"], "search": {"held": 0.5, "finalists": 3, "role": {"moves": 0}}}
    result, _ = small_run(tmp_path / "run", settings=held)
    lines = [json.loads(line) for line in (tmp_path / "run" / "journal.jsonl").open()]
    items = {line["step"]: line["items"] for line in lines if line["event"] == "evaluation"}

    assert items == {"start": 3, "role": 3, "weight": 3, "crown": 6}
    assert sum(line.get("step") == "crown" for line in lines) == 3 == result.selection.finalists
    parts = (result.selection.searched, result.selection.held)
    assert [part.items for part in parts] == [3, 3]
    assert sum(part.utility for part in parts) / 2 == pytest.approx(result.found.dev.utility)
    written = (tmp_path / "run" / "result.json").read_bytes()
    (tmp_path / "run" / "result.json").unlink()
    resume(tmp_path / "run", Watch())
    assert (tmp_path / "run" / "result.json").read_bytes() == written


def test_an_iteration_writes_little(finished):
    """Its state, and a short line for everything that it tried."""
    folder, _, _ = finished
    lines = (folder / "journal.jsonl").read_text().splitlines()

    assert (folder / "state.json").stat().st_size <= 100_000
    assert sum(map(len, lines)) / len(lines) <= 500


def test_the_same_run_again_writes_the_same_bytes(finished, tmp_path):
    folder, _, _ = finished
    small_run(tmp_path / "again")

    again = (tmp_path / "again" / "result.json").read_bytes()
    assert again == (folder / "result.json").read_bytes()


def test_without_the_memo_the_result_is_the_same(finished, tmp_path):
    _, result, _ = finished
    off = {**SMALL["settings"], "engine": {"threads": 1, "memo": False}}
    without, usage = small_run(tmp_path / "run", settings=off)

    assert without.found == result.found
    assert without.compared == result.compared
    assert usage.work.requests == without.total.answered


def test_a_raised_budget_goes_on_as_if_it_had_always_been_so(finished, tmp_path):
    result, _ = small_run(tmp_path / "long", "knowledge-crosswords", max_iterations=2)
    small_run(tmp_path / "raised", "knowledge-crosswords")
    raised = resume(tmp_path / "raised", Watch(), {"search": {"max_iterations": 2}})

    assert raised.found == result.found
    assert raised.search == result.search


def test_a_token_budget_ends_the_search_with_the_best_so_far(tmp_path):
    result, _ = small_run(tmp_path / "run", max_tokens=1, max_iterations=5)

    assert result.stopped == "max-tokens"
    assert result.iterations == 0
    assert result.found.test.items == 6


def test_other_data_on_resume_are_refused(tmp_path):
    config = configure(
        "gsm8k", pool="tiny", method="role-only", preset="default", seed=0, limit=3,
        max_iterations=0,
    )  # fmt: skip
    start(config, tmp_path / "run", Watch())
    provenance = tmp_path / "run" / "provenance.json"
    content = json.loads(provenance.read_text())
    content["fingerprints"]["task"] = "0" * 64
    provenance.write_text(json.dumps(content))

    with pytest.raises(HswarmError, match="content has changed"):
        resume(tmp_path / "run", Watch(), {"search": {"max_iterations": 1}})


def test_settings_edited_between_two_sittings_are_refused(tmp_path):
    small_run(tmp_path / "run", limit=2)
    file = tmp_path / "run" / "config.yaml"
    file.write_text(file.read_text().replace("step_length: 0.2", "step_length: 0.3"))

    with pytest.raises(HswarmError, match=r"step_length: 0\.2 → 0\.3"):
        resume(tmp_path / "run", Watch())


def test_a_refused_resume_keeps_the_result(finished, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(finished[0], folder)
    provenance = json.loads((folder / "provenance.json").read_text())
    provenance["fingerprints"]["pool"] = "0" * 64
    (folder / "provenance.json").write_text(json.dumps(provenance))
    before = {name: (folder / name).read_bytes() for name in ("config.yaml", "result.json")}

    with pytest.raises(HswarmError, match="content has changed"):
        resume(folder, Watch(), {"search": {"max_iterations": 5}})
    assert {name: (folder / name).read_bytes() for name in before} == before


def test_a_notebook_has_an_event_loop_already(finished, tmp_path):
    async def cell():
        return small_run(tmp_path / "run", limit=2, max_iterations=0)[0]

    assert asyncio.run(cell()).found.test.items == 2


def test_settings_hold_unless_overruled_by_name():
    settings = {"search": {"seed": 5, "method": "role-only"}, "limit": 3}
    config = configure("gsm8k", pool="tiny", settings=settings)
    assert (config.search.seed, config.search.method, config.limit) == (5, "role-only", 3)
    assert configure("gsm8k", pool="tiny", seed=6, settings=settings).search.seed == 6
    with pytest.raises(HswarmError, match="it must hold keys, not 5"):
        configure("gsm8k", pool="tiny", settings={"search": 5})


@pytest.mark.parametrize("method", ["role-only", "weight-only", "model-swarms"])
@pytest.mark.parametrize("task", ["nlgraph", "gsm8k"])
def test_every_method_runs_on_every_kind_of_task(method, task, tmp_path):
    result, _ = small_run(tmp_path / "run", task, method=method, limit=3)

    assert result.method == method
    experts = len(result.compared[1].nodes)  # a chain of all
    assert len(result.found.nodes) == (1 if method == "model-swarms" else experts)


def test_a_users_task_in_the_authors_format(tmp_path):
    data = tmp_path / "mine.json"
    item = {"question": "What is Ada's friend?", "answer": "Ben"}
    data.write_text(json.dumps({"dataset": "mine", "dev": [item] * 2, "test": [item] * 2}))
    events = []
    result, _ = small_run(
        tmp_path / "run", data=str(data), watch=replace(Watch(), observe=events.append)
    )

    assert "(bundled)" not in result.task
    assert result.found.test.items == 2
    said = [event.text for event in events if isinstance(event, Note)]
    assert said == ["2 of the 2 test items are among the dev items too."]


def test_watching_changes_nothing(finished, tmp_path):
    folder, _, _ = finished
    events = []
    watch = replace(Watch(), observe=events.append)
    hswarm.optimize("gaia-text", run=tmp_path / "run", watch=watch, **SMALL)

    assert len(events) > 4
    again = (tmp_path / "run" / "result.json").read_bytes()
    assert again == (folder / "result.json").read_bytes()
