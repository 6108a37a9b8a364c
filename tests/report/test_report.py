"""The report of a run: read as a person and as a program would."""

import asyncio
import csv
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest

from hswarm.analysis.correctness import correctness
from hswarm.analysis.gain import collaborative_gain
from hswarm.errors import HswarmError
from hswarm.report.course import trajectories
from hswarm.report.evidence import gather
from hswarm.report.numerals import show_count, show_number
from hswarm.report.opened import open_run
from hswarm.report.page import write_page
from hswarm.report.recall import ASKED, find_example, recall, remembering
from hswarm.report.section import Section, Table
from hswarm.report.write import write_report
from hswarm.search.result import Result
from hswarm.store.memo import SqliteMemo
from hswarm.store.record import read_run


class Page(HTMLParser):
    """The ids of a page's sections, its links, and what it would fetch or run."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.foreign, self.images = [], [], [], 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "section":
            self.ids.append(attrs["id"])
        if tag == "a":
            self.links.append(attrs["href"])
        if tag == "img":
            self.images += 1
            assert attrs["alt"]
        if tag in ("script", "link", "iframe", "object"):
            self.foreign.append(tag)
        for name in ("src", "href"):
            value = attrs.get(name, "#")
            if not value.startswith(("#", "data:image/svg+xml;base64,")):
                self.foreign.append(value)
        self.foreign += [name for name in attrs if name.startswith("on")]


def numbers(place, name):
    with (place / "report" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def reported(made_up_run, tmp_path_factory):
    place = tmp_path_factory.mktemp("report")
    return write_report(made_up_run, out=place)


def test_it_is_one_page_that_needs_nothing_else(reported):
    html = reported.read_text()
    page = Page(html)
    assert page.ids == [
        "outcome", "graph", "roles", "composition", "gain", "emergence", "course", "starts",
        "trajectories", "wording", "cost", "further",
    ]  # fmt: skip
    assert page.links == [f"#{name}" for name in page.ids]
    assert page.foreign == []
    assert page.images >= 8
    assert len(html) < 5e6


def test_its_figures_are_files_and_its_numbers_too(reported):
    parts = reported.parent / "report"
    pictures = {path.stem for path in parts.glob("*.svg")}
    assert pictures == {path.stem for path in parts.glob("*.png")}
    assert {"systems", "graph", "dynamics", "gain", "composition"} <= pictures
    for csv_file in parts.glob("*.csv"):
        assert csv_file.read_text().count("\n") >= 1


def test_its_numbers_are_the_runs(reported, made_up_run):
    result = Result.model_validate_json((made_up_run / "result.json").read_text())
    systems = numbers(reported.parent, "systems")
    assert [row["system"] for row in systems] == [
        report.name for report in (result.found, *result.compared)
    ]
    assert float(systems[0]["test"]) == result.found.test.utility
    best = numbers(reported.parent, "best")
    assert float(best[-1]["best on dev"]) == result.found.dev.utility
    nodes = numbers(reported.parent, "nodes")
    assert [row["agent"] for row in nodes] == [node.agent for node in result.found.nodes]
    assert all(float(row["tokens per item"]) == 8 for row in nodes)
    events = map(json.loads, (made_up_run / "journal.jsonl").read_text().splitlines())
    items = [event["items"] for event in events if event["event"] == "evaluation"]
    assert len(numbers(reported.parent, "evaluations")) == items.count(max(items))


def test_answers_built_again_from_the_memo_score_as_they_did(made_up_run, no_models):
    run = open_run(made_up_run)

    async def recalled():
        async with remembering(run, ask=False) as engine:
            return [
                (await recall({"": run.found()}, examples, run.task, engine))[""]
                for examples in (run.task.dev, run.task.test)
            ]

    dev, test = asyncio.run(recalled())
    assert dev.utility == pytest.approx(run.result.found.dev.utility)
    assert test.utility == pytest.approx(run.result.found.test.utility)
    assert dev.known == len(run.task.dev)


def test_what_was_not_asked_is_said_and_can_be_asked(
    made_up_run, reported, made_up_models, tmp_path
):
    before = reported.read_text()
    assert "The models were not asked the same questions in other words." in before
    assert "dev items is" in before  # the gain is of dev
    folder = tmp_path / "whole"
    shutil.copytree(made_up_run, folder)
    with SqliteMemo(folder / "memo.sqlite") as memo:
        recorded = len(memo)

    page = write_report(folder, ask=True)

    html = page.read_text()
    assert "C-surge" in html
    assert "Mean entropy of the answers in bits" in html
    assert "test items is" in html  # the gain is of test now
    with SqliteMemo(folder / ASKED) as asked:
        assert len(asked) > 0
    with SqliteMemo(folder / "memo.sqlite") as memo:
        assert len(memo) == recorded  # the run's memo stays what the run made it
    again = asyncio.run(gather(open_run(folder), ask=False, judge=None))
    assert again.complete(again.moved) == "test"  # without the models: it is known now


def test_the_gain_is_that_of_the_answers(reported, made_up_run):
    run = open_run(made_up_run)
    rows = numbers(reported.parent, "gain")
    assert sum(int(row["problems"]) for row in rows) == len(run.task.dev)
    assert len(rows) == len(run.roster) + 1
    value = float(re.search(r"dev items is ([+-][\d.]+)", reported.read_text())[1])
    by_hand = sum(
        int(row["solved by the system"]) - int(row["problems"]) * float(row["expected"])
        for row in rows[1:]
    ) / len(run.task.dev)
    assert value == pytest.approx(by_hand, abs=5e-4)
    right, _ = correctness([[1.0], [0.0]])
    assert collaborative_gain(right[1:], right[0]).value == 0.0


def test_coordinates_can_be_chosen(made_up_run):
    evidence = asyncio.run(gather(open_run(made_up_run), ask=False, judge=None))
    (section,) = trajectories(evidence, ("friends", "jobs"))
    (table,) = section.tables
    columns = [table.headings.index(name) for name in ("x", "friends", "y", "jobs")]
    for x, friends, y, jobs in ([row[k] for k in columns] for row in table.rows):
        assert (x, y) == (friends, jobs)
    (main,) = trajectories(evidence, None)
    assert "principal components" in main.texts[0]


def test_coordinates_that_there_are_not_are_said(made_up_run, tmp_path):
    with pytest.raises(HswarmError, match="no expert in the pool 'fiends'") as error:
        write_report(made_up_run, out=tmp_path, coordinates=("fiends", "jobs"))
    assert "friends" in error.value.hint


def test_an_unfinished_run_has_no_report(made_up_run, tmp_path):
    shutil.copytree(made_up_run, tmp_path / "begun")
    (tmp_path / "begun" / "result.json").unlink()
    with pytest.raises(HswarmError, match="is not finished") as error:
        write_report(tmp_path / "begun")
    assert "--resume" in error.value.hint


def test_a_run_without_a_memo_is_said(made_up_run, tmp_path):
    shutil.copytree(made_up_run, tmp_path / "bare")
    (tmp_path / "bare" / "memo.sqlite").unlink()
    with pytest.raises(HswarmError, match="kept no answers"):
        write_report(tmp_path / "bare")


def test_another_versions_run_is_said_and_its_result_still_shown(made_up_run, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(made_up_run, folder)
    path = folder / "state.json"
    body = path.read_bytes().partition(b'"state":')[2].removesuffix(b"}\n")
    older = re.sub(rb'"schema": ?2', b'"schema":1', body, count=1)
    assert older != body
    path.write_bytes(
        b'{"sha256":"%s","state":%s}\n' % (hashlib.sha256(older).hexdigest().encode(), older)
    )
    with pytest.raises(HswarmError, match="written by another version of hswarm") as error:
        write_report(folder)
    assert "provenance.json" in error.value.hint
    assert read_run(folder).result is not None


def test_another_versions_journal_is_said(made_up_run, tmp_path):
    folder = tmp_path / "old"
    shutil.copytree(made_up_run, folder)
    events = [json.loads(line) for line in (folder / "journal.jsonl").read_text().splitlines()]
    for event in events:
        if event["event"] == "evaluation":  # every coefficient, as it used to be
            event["rows"] = [
                [float(row[1].get(str(k), 0)) for k in range(10)] for row in event["rows"]
            ]
    (folder / "journal.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    with pytest.raises(HswarmError, match="another version of hswarm, or is damaged"):
        write_report(folder)


def test_what_a_page_quotes_is_text():
    trick = "<script>alert(1)</script>"
    rows = [(trick, 0.5)] * 70
    table = Table("t", (trick, "n"), rows)
    html = write_page(trick, [trick], [Section("s", trick, [trick], [], [table], [trick])], {})
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 60
    assert "And 10 more rows in t.csv." in html


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (float("nan"), "–"), (1234, "1,234"), (0.5, "0.500"), (2.4e-5, "2.4e-05"),
     (0.0, "0.000"), (12345.6, "12,345.6"), (-0.25, "-0.250")],
)  # fmt: skip
def test_numbers_as_they_are_read(value, text):
    assert show_number(value) == text


@pytest.mark.parametrize(("count", "text"), [(1, "1 item"), (0, "0 items"), (2000, "2,000 items")])
def test_counts_as_they_are_read(count, text):
    assert show_count(count, "item") == text


def test_csv_keeps_every_digit_and_leaves_the_unknown_out():
    table = Table("t", ("a", "b"), [(0.1 + 0.2, None), (np.float64(1.5).item(), "x,y")])
    assert table.csv() == 'a,b\n0.30000000000000004,\n1.5,"x,y"\n'


def test_items_are_found_by_id_and_split(made_up_run):
    run = open_run(made_up_run)
    example = run.task.test[2]
    assert find_example(run, f"test:{example.id}") == ("test", example)
    assert find_example(run, run.task.dev[0].id)[0] == "dev"
    assert find_example(run, "test:2") == ("test", example)  # by its place
    with pytest.raises(HswarmError, match="no item 'nowhere'"):
        find_example(run, "nowhere")
