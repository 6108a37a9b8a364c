"""The picture of a bench: every entry at its place, and the whole as it was once looked at."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from hswarm.analysis.table import Measured, tabulate
from hswarm.bench.picture import draw_grid

SVG = "{http://www.w3.org/2000/svg}"
GOLDEN = Path(__file__).parent / "golden" / "table.svg"


def measured(task, method, right, *, of=40, scale=1.0):
    scores = tuple(scale * (k < right) for k in range(of))
    return [
        Measured(task, method, seed, f"{task} (mine)", "accuracy", scores, ("",) * of, 0.5, 10)
        for seed in range(2)
    ]


def grid(tasks=("sums",), **changes):
    rows = [
        m
        for task in tasks
        for m in (*measured(task, "chain", 10, **changes), *measured(task, "star", 30, **changes))
    ]
    failed = {(tasks[0], "found <&>", 1): "no memory"}
    methods = ["chain", "star", "found <&>"]
    return tabulate(rows, failed, tasks=tasks, methods=methods, seeds=2)


def texts(root):
    return [text.text for text in root.iter(f"{SVG}text")]


def test_it_is_the_picture_that_it_was():
    """Draw anew and look, where it is meant to change."""
    assert draw_grid(grid(("sums", "words"))) == GOLDEN.read_text(encoding="utf-8")


def test_every_entry_is_drawn_where_it_belongs():
    made = grid()
    root = ET.fromstring(draw_grid(made))
    dots = {g.find(f"{SVG}title").text.split()[0]: g for g in root.iter(f"{SVG}g")}
    assert set(dots) == {"chain", "star"}
    x = {method: float(g.find(f"{SVG}circle").get("cx")) for method, g in dots.items()}
    ticks = [t for t in root.iter(f"{SVG}text") if t.text in ("0", "1")]
    zero, one = (float(tick.get("x")) for tick in ticks)
    for method, at in x.items():
        mean = made.entries["sums", method].mean
        assert (at - zero) / (one - zero) == pytest.approx(mean, abs=0.002)
    shown = texts(root)
    assert "0.250" in shown
    assert "0.750" in shown
    assert "failed" in shown
    assert "found <&>" in shown
    assert "***" in shown


def test_what_lies_beyond_0_and_1_is_on_the_scale():
    root = ET.fromstring(draw_grid(grid(scale=-3.0)))
    left = min(float(t.get("x")) for t in root.iter(f"{SVG}text") if t.text.startswith("-"))
    for circle in root.iter(f"{SVG}circle"):
        assert float(circle.get("cx")) > left


def test_many_tasks_go_into_several_rows_and_nothing_overlaps():
    root = ET.fromstring(draw_grid(grid(tuple(f"task-{k}" for k in range(7)))))
    width, height = float(root.get("width")), float(root.get("height"))
    places = [(float(t.get("x")), float(t.get("y"))) for t in root.iter(f"{SVG}text")]
    assert len(set(places)) == len(places)
    assert all(0 < x < width and 0 < y < height for x, y in places)
    assert texts(root).count("chain") == 3


def test_nothing_done_yet_is_drawn_too():
    empty = tabulate([], {}, tasks=["sums"], methods=["chain"], seeds=1)
    assert texts(ET.fromstring(draw_grid(empty))).count("–") == 1
