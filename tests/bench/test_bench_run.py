"""A bench: every cell by itself, in any order, interrupted or not, and the table of all."""

import csv
import json
import shutil

import pytest

from hswarm.bench import run as running
from hswarm.bench.config import Cell, bench_config, cells_of
from hswarm.bench.folder import BenchFolder
from hswarm.bench.run import BenchWatch, read_grid, run_bench
from hswarm.engines.usage import DOLLAR
from hswarm.errors import HswarmError
from hswarm.store.lock import take
from hswarm.testing.loopback import Loopback


def table(folder):
    return [(folder.path / f"table.{kind}").read_text() for kind in ("md", "csv", "json")]


def test_all_cells_are_done_and_tabled(bench, rule):
    folder = bench()
    ended = []
    watch = BenchWatch(ended=lambda cell, outcome, done: ended.append((outcome.method, done)))
    grid = run_bench(folder, watch)
    assert [method for method, _ in ended] == ["best-single", "chain", "heterogeneous"] * 2
    assert [done for _, done in ended] == [1, 2, 3, 4, 5, 6]
    entry = grid.entries["knowledge-crosswords", "chain"]
    assert entry.seeds == (0, 1)
    assert grid.titles == {"knowledge-crosswords": "knowledge-crosswords (bundled)"}
    markdown, lines, content = table(folder)
    assert markdown.startswith("| method | knowledge-crosswords (bundled), accuracy |\n")
    assert "**" in markdown
    rows = list(csv.DictReader(lines.splitlines()))
    assert [row["method"] for row in rows] == ["best-single", "chain", "heterogeneous"]
    assert float(rows[0]["mean"]) == grid.entries["knowledge-crosswords", "best-single"].mean
    assert len(json.loads(content)["entries"]) == 3


def test_what_was_answered_for_one_cell_is_not_asked_for_another(bench, rule):
    run_bench(bench("one", methods=["best-single"], seeds=1), BenchWatch())
    once = rule.asked
    rule.asked = 0
    folder = bench("three", methods=["best-single"], seeds=3)
    run_bench(folder, BenchWatch())
    assert rule.asked == once
    tokens = {folder.result(cell).generated_tokens for cell in cells_of(folder.config)}
    assert tokens == {once * 4}


def test_interrupted_between_cells_it_goes_on_and_the_table_is_the_same(bench, rule):
    whole = bench("whole")
    run_bench(whole, BenchWatch())

    def stop(cell, usage):
        if (cell.method, cell.seed) == ("heterogeneous", 0):
            raise KeyboardInterrupt

    broken = bench("broken")
    with pytest.raises(KeyboardInterrupt):
        run_bench(broken, BenchWatch(started=stop))
    broken.close()
    again = BenchFolder.open(broken.path)
    begun = []
    run_bench(again, BenchWatch(begun=lambda folder, cells, done: begun.append((len(cells), done))))
    assert begun == [(6, 2)]
    assert table(again) == table(whole)


def test_interrupted_within_a_search_the_cell_goes_on(bench, rule, monkeypatch):
    whole = bench("whole", methods=["heterogeneous"], seeds=1)
    run_bench(whole, BenchWatch())
    broken = bench("broken", methods=["heterogeneous"], seeds=1)
    events = []

    def stop(event):
        events.append(event)
        if len(events) == 6:
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, BaseExceptionGroup)):
        run_bench(broken, BenchWatch(observe=stop))
    broken.close()
    again = BenchFolder.open(broken.path)
    run_bench(again, BenchWatch())
    assert table(again) == table(whole)


def test_cells_in_any_order_give_the_same_table(bench, rule, monkeypatch):
    first = bench("first")
    run_bench(first, BenchWatch())
    second = bench("second")
    monkeypatch.setattr(running, "cells_of", lambda config: cells_of(config)[::-1])
    run_bench(second, BenchWatch())
    monkeypatch.undo()
    assert read_grid(second) == read_grid(first)


def test_a_failed_cell_is_shown_and_can_be_tried_again(bench, rule):
    folder = bench(tasks=["knowledge-crosswords", "com2"], methods=["best-single"], seeds=1)
    ended = []
    grid = run_bench(folder, BenchWatch(ended=lambda cell, outcome, done: ended.append(outcome)))
    assert "The data of com2 (authors) is not on this machine" in ended[1]
    assert grid.entries["com2", "best-single"].failed == {0: ended[1]}
    assert "failed" in (folder.path / "table.md").read_text()
    assert "hswarm data pull com2" in (folder.path / "table.csv").read_text()
    ended.clear()
    run_bench(folder, BenchWatch(ended=lambda cell, outcome, done: ended.append(outcome)))
    assert ended == []
    again = BenchFolder.open(folder.path, retry=True)
    run_bench(again, BenchWatch(ended=lambda cell, outcome, done: ended.append((outcome, done))))
    assert [done for _, done in ended] == [2]


def test_a_mistake_in_a_cell_ends_no_other(bench, rule):
    folder = bench(methods=["best-single"], seeds=1)
    rule.failing = RuntimeError("no memory")
    grid = run_bench(folder, BenchWatch())
    assert grid.entries["knowledge-crosswords", "best-single"].failed == {
        0: "RuntimeError: no memory"
    }
    rule.failing = None
    grid = run_bench(BenchFolder.open(folder.path, retry=True), BenchWatch())
    assert grid.entries["knowledge-crosswords", "best-single"].failed is None


def test_a_domain_is_scored_by_its_harmonic_mean_and_a_reward_on_its_scale(bench, rule):
    folder = bench(tasks=["skills", "rm-concise"], methods=["best-single"], seeds=1)
    run_bench(folder, BenchWatch())
    skills = folder.result(Cell("skills", "best-single", 0))
    assert set(skills.parts) == {"gsm8k", "nlgraph"}
    assert folder.result(Cell("rm-concise", "best-single", 0)).test is not None
    assert (folder.path / "ratings.sqlite").is_file()


def test_a_bench_has_a_folder_of_its_own(bench, tmp_path):
    folder = bench()
    with pytest.raises(HswarmError, match="already holds a bench"):
        BenchFolder.create(folder.path, folder.config)
    with pytest.raises(HswarmError, match="There is no bench in"):
        BenchFolder.open(tmp_path / "nowhere")


def test_who_takes_part_does_what_is_nobodys_and_the_table_is_the_same(bench, rule):
    whole = bench("whole")
    run_bench(whole, BenchWatch())
    shared = bench("shared")
    mine, others = [], []

    def join(cell, usage):
        mine.append(cell)
        if len(mine) == 2:
            second = BenchFolder.open(shared.path, retry=True)
            run_bench(second, BenchWatch(ended=lambda cell, outcome, done: others.append(done)))

    begun = []
    watch = BenchWatch(
        begun=lambda folder, cells, done: begun.append(done),
        started=join,
        ended=lambda cell, outcome, done: begun.append(done),
    )
    run_bench(shared, watch)
    assert mine == cells_of(shared.config)[:2]
    assert others == [2, 3, 4, 5]
    assert begun == [0, 1, 6]
    assert table(shared) == table(whole)


def test_a_failed_cell_that_somebody_is_at_is_left_to_them(bench, rule):
    folder = bench(methods=["best-single"], seeds=1)
    (cell,) = cells_of(folder.config)
    rule.failing = RuntimeError("no memory")
    run_bench(folder, BenchWatch())
    with take(folder.run(cell).parent):
        assert BenchFolder.open(folder.path, retry=True).failure(cell) is not None
    assert BenchFolder.open(folder.path, retry=True).failure(cell) is None


@pytest.mark.parametrize("what", ["pool", "task knowledge-crosswords"])
def test_cells_are_not_mixed_with_those_of_another_pool_or_task(what, bench, rule):
    folder = bench(methods=["best-single", "chain"], seeds=1)
    run_bench(folder, BenchWatch(ended=lambda cell, outcome, done: None))
    pins = folder.path / "provenance.json"
    content = json.loads(pins.read_text())
    assert set(content) == {"pool", "task knowledge-crosswords"}
    pins.write_text(json.dumps({**content, what: "0" * 64}))
    shutil.rmtree(folder.path / "cells" / "knowledge-crosswords" / "chain")
    if what == "pool":
        with pytest.raises(HswarmError, match="The pool is not what"):
            run_bench(folder, BenchWatch())
        return
    grid = run_bench(folder, BenchWatch())
    assert grid.entries["knowledge-crosswords", "best-single"].mean is not None
    assert f"The {what} is not what" in grid.entries["knowledge-crosswords", "chain"].failed[0]


def test_too_many_failed_calls_fail_a_cell_and_no_number_is_given(bench, rule):
    rule.lost = 2
    folder = bench(methods=["best-single", "heterogeneous"], seeds=1)
    grid = run_bench(folder, BenchWatch())
    for method in ("best-single", "heterogeneous"):
        entry = grid.entries["knowledge-crosswords", method]
        assert entry.mean is None
        assert "calls failed for good" in entry.failed[0]
        assert f"hswarm bench --resume {folder.path} --retry" in entry.failed[0]


def test_the_dollars_are_the_whole_benchs_and_can_be_raised(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Loopback(lambda prompt, seed: "The answer is A.") as server:
        at = {"base_url": f"{server.url}/v1", "price": {"prompt": 1.0, "generated": 2.0}}
        remote = {name: {**at, "model": name} for name in ("ann", "ben", "cid")}
        (tmp_path / "far.yaml").write_text(json.dumps({"remote": remote}))
        asked = {
            "tasks": ["knowledge-crosswords"],
            "methods": ["best-single", "chain"],
            "seeds": 1,
            "pool": str(tmp_path / "far.yaml"),
            "limit": 3,
            "permutations": 2,
            "settings": {"budget": {"max_dollars": 0.001}},
        }
        folder = BenchFolder.create(tmp_path / "bench", bench_config(None, asked))
        grid = run_bench(folder, BenchWatch())
        spent = [grid.entries["knowledge-crosswords", m].failed for m in ("best-single", "chain")]
        assert spent[0] is None
        assert "max-dollars" in spent[1][0]
        calls = len(server.calls)
        assert calls == len(list(folder.read_bills()))
        folder.close()
        with pytest.raises(HswarmError, match=r"may spend 0\.001 dollars"):
            BenchFolder.open(folder.path, max_dollars=0.0001)
        again = BenchFolder.open(folder.path, max_dollars=1.0, retry=True)
        with pytest.raises(HswarmError, match="Another process"):
            BenchFolder.open(folder.path)
        grid = run_bench(again, BenchWatch())
        assert grid.entries["knowledge-crosswords", "chain"].failed is None
        paid = sum(bill["picodollars"] for bill in again.read_bills())
        assert len(list(again.read_bills())) == len(server.calls) > calls
        assert 0.001 < paid / DOLLAR < 1.0
        again.close()
