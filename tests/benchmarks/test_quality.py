"""What was found is set against hand-made systems and the best graph known."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import quality

from hswarm.figures.look import write_picture


def measured(test):
    return {
        "dev": 0.8,
        "rises": {"start": 0.6, "move": 0.2},
        "test": test,
        "scores": [int(item < 10 * test) for item in range(10)],
    }


def row(seed, test):
    rivals = {"best single": 0.1, "chains": 0.5, "stars": 0.2}
    return {
        "task": "sums",
        "seed": seed,
        "tokens": 500,
        **measured(test),
        "rivals": {name: {**measured(score), "p": 0.001} for name, score in rivals.items()},
    }


KNOWN = [
    {"task": "sums", "row": "base", "test": 0.0, "dev_tokens": 100, "unraced_tokens": 100},
    {
        "task": "sums",
        "row": quality.LONG,
        "test": 0.9,
        "dev_tokens": 2_000,
        "unraced_tokens": 10_000,
    },
]


def test_the_head_room_found_is_the_part_of_the_way_from_the_best_single_to_the_best_known():
    rows = [row(0, 0.6), row(1, 0.8)]
    head, _, line, _, more, _, long, *rest = quality.summary(rows, {"sums": KNOWN[-1]}).splitlines()
    cells = dict(zip(head.split(" | "), line.split(" | "), strict=True))
    cells |= dict(zip(more.split(" | "), long.split(" | "), strict=True))
    assert cells["found"] == "0.700"
    assert cells["better than chains by"].startswith("+0.200 (")
    assert cells["head-room found"] == "0.75 (0.62 … 0.88)"
    assert cells["tokens |"] == "5.0% |"
    assert rest[1] == "Head-room found, mean over these tasks: 0.75."
    assert rest[-1] == "| sums | 0.800 | +0.600 | +0.000 | +0.000 | +0.200 |"


def test_without_a_long_search_nothing_is_said_of_head_room():
    text = quality.summary([row(0, 0.6), row(1, 0.8)], {})
    assert "0.700" in text
    assert "mean over these tasks" not in text


def test_every_seed_has_a_line():
    *_, first, second = quality.table([row(0, 0.6), row(1, 0.8)]).splitlines()
    assert first.startswith("| sums | 0 | 500 | 0.600 (0.800) | 0.100 (0.800) | 1.0e-03 ")
    assert second.startswith("| sums | 1 |")


@pytest.mark.parametrize("seeds", [1, 5])
def test_the_picture_shows_all_systems_and_every_seed(seeds):
    drawn = quality.draw({"sums": [0.6 + k / 100 for k in range(seeds)]}, {"sums": KNOWN})
    [axes] = drawn.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["base", f"found ({seeds} seed{'s' * (seeds > 1)})", quality.LONG]
    assert len(axes.lines[0].get_xdata()) == seeds
    assert write_picture(drawn).svg == write_picture(drawn).svg
