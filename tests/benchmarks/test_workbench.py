"""Benchmarks that are killed go on, and say what they looked at."""

import asyncio
import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import verdicts
import workbench

from hswarm.search.events import StepEnded

ROOT = Path(__file__).parents[2]


def test_finished_cells_outlive_the_program_and_half_a_line_does_not(tmp_path):
    path = tmp_path / "cells.jsonl"
    cells = workbench.Cells(path)
    cells.add("one", test=0.5)
    with path.open("a") as file:
        file.write('{"key": "two", "te')

    again = workbench.Cells(path)
    assert again.rows == {"one": {"key": "one", "test": 0.5}}
    again.add("two", test=0.25)
    assert [json.loads(line)["key"] for line in path.read_text().splitlines()] == ["one", "two"]


def test_a_trial_leaves_the_repository_alone(tmp_path):
    assert workbench.results(Namespace(limit=3, folder=tmp_path)) == tmp_path
    assert workbench.results(Namespace(limit=None, folder=tmp_path)) == ROOT / "benchmarks/results"


def row(variant, seed, scores, task="sums"):
    what = {"task": task, "variant": variant, "seed": seed, "systems": 9, "tokens": 1000}
    found = {"scores": scores, "dev": 0.5, "bias": 0.1, "rises": {"start": 0.5}}
    return {**what, "iterations": 3, **found}


def parsed(parser, *arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["program", *arguments])
        return workbench.parse(parser)


def base_of(name):
    return name.partition(":")[0]


def test_a_variant_is_compared_with_its_base_item_by_item_and_seed_by_seed():
    rows = [row("paper", seed, [0, 0, 1, 1] * 10) for seed in range(5)]
    rows += [row("paper: x", seed, [0, 1, 1, 1] * 10) for seed in range(5)]
    verdict = verdicts.judge(rows, base_of)["paper: x"]
    assert verdict.base == "paper"
    gain = verdict.by_task["sums"]
    assert gain.mean == 0.25
    assert 0.1 < gain.interval.low < 0.25 < gain.interval.high < 0.4
    assert gain.sure
    assert verdict.corrected == gain.p_value < 0.01


def test_seeds_that_agree_leave_the_doubt_that_is_in_the_items():
    rows = [row("paper", seed, [0] * 40) for seed in range(10)]
    rows += [row("paper: x", seed, [1] + [0] * 39) for seed in range(10)]
    gain = verdicts.judge(rows, base_of)["paper: x"].by_task["sums"]
    assert not gain.sure
    assert gain.p_value > 0.05


def test_tasks_are_judged_together_too_and_families_corrected_apart():
    rows = []
    for task in ("sums", "facts"):
        for name, right in (("a", 10), ("a: x", 16), ("a: y", 17), ("b", 10), ("b: x", 16)):
            scores = [int(item < right) for item in range(40)]
            rows += [row(name, seed, scores, task) for seed in range(5)]
    judged = verdicts.judge(rows, base_of)
    assert list(judged) == ["a: x", "a: y", "b: x"]
    for verdict in judged.values():
        assert list(verdict.by_task) == ["sums", "facts", verdicts.ALL]
    alone, one_of_two = judged["b: x"], judged["a: x"]
    assert alone.corrected == alone.by_task[verdicts.ALL].p_value
    assert one_of_two.corrected >= one_of_two.by_task[verdicts.ALL].p_value
    text = verdicts.table(rows, judged, "test")
    gains, details = text.split("\n\n")
    assert all(
        len({line.count("|") for line in part.split("\n") if line}) == 1
        for part in (gains, details)
    )
    assert "+0.150 (" in gains
    assert "start +0.500" in details


def test_a_variant_whose_base_was_not_run_stands_alone():
    alone = [row("paper: x", 0, [0.5, None])]
    judged = verdicts.judge(alone, base_of)
    assert not judged
    assert "| paper |" not in verdicts.table(alone, judged, "test")


def test_what_a_step_found_is_by_how_much_the_best_rose_in_it():
    rises = workbench.Rises()
    for kind, best in (("start", 0.25), ("role", 0.25), ("weight", 0.5), ("move", 0.75)):
        rises.watch(StepEnded(1, kind, (best,), best, 0.0))
    rises.watch(StepEnded(2, "weight", (0.875,), 0.875, 0.0))
    assert rises.by_step == {"start": 0.25, "weight": 0.375, "move": 0.25}


def test_a_part_is_not_published():
    parser = ArgumentParser()
    workbench.add_options(parser)
    workbench.add_variants(parser, seeds=5)
    assert parsed(parser, "--folder", "elsewhere").whole
    assert not parsed(parser, "--tasks", "gsm8k").whole
    assert not parsed(parser, "--seeds", "4").whole


@pytest.mark.parametrize("name", ["ablations", "optimizers", "presets"])
def test_every_variant_is_a_setting_of_its_own(name):
    module = __import__(name)
    variants = module.variants(module.parser().parse_args([]))
    made = [variant.config(1).model_dump_json() for variant in variants]
    assert len({variant.name for variant in variants}) == len(variants)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(("dev", "seen", "unseen"), [(5, 5, 145), (None, 150, 500)])
def test_what_is_found_is_measured_on_items_that_the_search_has_not_seen(
    tmp_path, dev, seen, unseen
):
    options = Namespace(pool="tiny", folder=tmp_path, limit=None, dev=dev)

    async def items():
        async with workbench.opened("gaia-text", options) as bench:
            return {e.id for e in bench.task.dev}, {e.id for e in bench.unseen}

    searched, measured = asyncio.run(items())
    assert (len(searched), len(measured)) == (seen, unseen)
    assert not searched & measured
