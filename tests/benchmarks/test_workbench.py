"""Benchmarks that are killed go on, and say what they looked at."""

import asyncio
import json
import sys
from argparse import Namespace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import workbench

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


def row(variant, seed, unseen):
    what = {"task": "sums", "variant": variant, "seed": seed, "systems": 9, "tokens": 1000}
    return {**what, "iterations": 3, "dev": 0.5, "bias": 0.5 - unseen, "unseen": unseen}


def test_a_variant_is_compared_with_its_base_seed_by_seed():
    rows = [row("paper", k, 0.2 + k / 10) for k in range(5)]
    rows += [row("paper: x", k, 0.3 + k / 10) for k in range(5)]
    gains = workbench.compare(rows, lambda name: name.partition(":")[0])
    text = workbench.table(rows, gains, "test")
    *_, base, other = text.splitlines()
    assert "+0.100 (+0.100 … +0.100)" in other
    assert base.count("|") == other.count("|")


def test_a_variant_whose_base_was_not_run_stands_alone():
    alone = [row("paper: x", 0, 0.5)]
    gains = workbench.compare(alone, lambda name: "paper")
    assert not gains
    text = workbench.table(alone, gains, "test")
    assert "against" in text
    assert "| paper |" not in text


def test_intervals_over_seeds_are_students():
    mean, interval, p_value = workbench.over_seeds([0.0, 0.1, 0.2, 0.3, 0.4])
    assert mean == pytest.approx(0.2)
    assert (interval.low, interval.high) == pytest.approx((0.0037, 0.3963), abs=1e-4)
    assert p_value == pytest.approx(0.0474, abs=1e-4)  # t = 2.8284 with 4 degrees of freedom


def test_seeds_that_agree_leave_no_doubt():
    assert workbench.over_seeds([0.25] * 5)[1:] == (workbench.Interval(0.25, 0.25), 0.0)
    assert workbench.over_seeds([0.0] * 5)[2] == 1.0


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
