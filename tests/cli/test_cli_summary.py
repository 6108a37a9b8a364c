from pathlib import Path

import pytest

from hswarm.cli.summary import suggest, summarise
from hswarm.config import BudgetConfig, RunConfig, SearchConfig
from hswarm.search.result import Score, Selection

CONFIG = RunConfig(task="gaia-text")

GOLDEN = """\
gaia-text (bundled) with tiny, heterogeneous, seed 0
Bundled: synthetic data made for the tiny models, not the benchmark.

 system               dev   items    test   items         p
 ──────────────────────────────────────────────────────────
 found system       0.640     150   0.612     500
 best single        0.200     150   0.214     500   <0.0001
 best of 5 chains   0.500     150   0.482     498    0.0123
 best of 5 stars    0.580     150   0.566     500    0.2500

p: one-sided, that the found system is no better than this one on test
(McNemar).
best of 5 chains: 2 items of 500 on test could not be scored and count for
nothing.
Not scored (2 failures):
  test-0007: out of memory
  test-0012: out of memory

The found graph:

  layer 1   0 friends  ──╮
  layer 2   1 homes    ◀─●─╮
  layer 3   2 jobs     ◀───●─╮
  layer 4   3 pets     ◀─────●

  │ an answer on its way down   ● read in this row   ┼ passed by

Weights that are no longer one expert's:
 jobs = 1.125 jobs − 0.100 homes − 0.075 pets and 1 smaller term

The search stopped after 4 iterations, as many as it was allowed. The system was
found in iteration 3. The search asked 120,000 times, of which 30,000 were
generated (150,000 tokens) and 90,000 saved by the memo; with the comparisons it
was 250,000 tokens."""


def test_summary_of_a_run(result, printed):
    assert printed(summarise(result, CONFIG)) == GOLDEN


def test_a_benchmark_is_not_called_bundled(result, printed):
    ours = result.model_copy(update={"task": "gaia-text (items.json)"})
    assert "undled" not in printed(summarise(ours, CONFIG))


def test_names_with_brackets_are_text(result, printed):
    report = result.compared[0].model_copy(update={"name": "[bold]best[/bold]"})
    changed = result.model_copy(update={"compared": (report,)})
    assert "[bold]best[/bold]" in printed(summarise(changed, CONFIG))


def test_a_system_that_could_not_be_scored_has_no_number(result, printed):
    score = result.found.test.model_copy(update={"utility": None, "items": 0, "unscored": 500})
    found = result.found.model_copy(update={"test": score})
    lines = printed(summarise(result.model_copy(update={"found": found}), CONFIG)).splitlines()
    row = next(line for line in lines if "found system" in line)
    assert row.split() == ["found", "system", "0.640", "150", "–", "0"]
    assert any("found system: 500 items of 500 on test could not be scored" in x for x in lines)


def test_each_test_is_named_for_the_systems_it_was_used_on(result, printed):
    single, *others = result.compared
    graded = single.model_copy(update={"p_test": "bootstrap"})
    changed = result.model_copy(update={"compared": (graded, *others)})
    text = " ".join(printed(summarise(changed, CONFIG)).split())
    assert "(bootstrap for best single; McNemar for best of 5 chains, best of 5 stars)" in text


def test_only_the_first_failures_are_listed(result, printed):
    failures = tuple(f"test-{k:04d}: no answer" for k in range(8))
    text = printed(summarise(result.model_copy(update={"failures": failures}), CONFIG))
    assert "test-0004: no answer\n  and 3 more, in result.json" in text
    assert "test-0005" not in text


@pytest.mark.parametrize(
    ("stopped", "words", "next_command"),
    [
        ("max-iterations", "as many as it was allowed", "--resume runs/x --max-iterations 14"),
        ("max-tokens", "its tokens were spent", "--resume runs/x --max-tokens 10000"),
        ("max-seconds", "its time was up", "--resume runs/x --max-seconds 5"),
        ("patience", "the last 3 brought nothing better", None),
    ],
)
def test_why_it_stopped_and_how_to_go_on(result, printed, stopped, words, next_command):
    config = RunConfig(
        task="gaia-text",
        search=SearchConfig(max_iterations=7, patience=3, seed=4),
        budget=BudgetConfig(max_tokens=5_000, max_seconds=2.5),
    )
    ended = result.model_copy(update={"stopped": stopped})
    text = " ".join(printed(summarise(ended, config)).split())
    commands = suggest(ended, config, Path("runs/x"))
    assert words in text
    assert commands[-2:] == [
        "hswarm optimize --config runs/x/config.yaml --seed 5",
        "hswarm export runs/x --out my-pipeline",
    ]
    assert commands[0] == "hswarm report runs/x"
    assert commands[1:-2] == ([f"hswarm optimize {next_command}"] if next_command else [])


def test_commands_can_be_pasted_whatever_the_folder_is_called(result):
    commands = suggest(result, CONFIG, Path("my runs/x"))
    assert commands[0] == "hswarm report 'my runs/x'"
    assert commands[1].startswith("hswarm optimize --resume 'my runs/x' ")
    assert "'my runs/x/config.yaml'" in commands[2]
    assert "export 'my runs/x' --out" in commands[3]


def test_found_at_the_start(result, printed):
    early = result.model_copy(update={"found_in": 0})
    assert "was found at the start" in " ".join(printed(summarise(early, CONFIG)).split())


@pytest.mark.parametrize(
    ("held", "line"),
    [
        (None, "(0.640 on the 120 dev items that the search chose by, 0.612 on test)."),
        (
            Score(utility=0.6, items=30),
            "(0.640 on the 120 dev items that the search chose by, 0.600 on the 30 held out, "
            "0.612 on test).",
        ),
    ],
)
def test_the_selection_bias_is_one_plain_line(result, printed, held, line):
    searched = Score(utility=0.64, items=120)
    selection = Selection(searched=searched, held=held, finalists=10, bias=0.028)
    text = printed(summarise(result.model_copy(update={"selection": selection}), CONFIG))
    assert f"Selection bias, dev less test: +0.028 {line}" in " ".join(text.split())


def test_an_unknown_bias_is_not_told(result, printed):
    searched = Score(utility=None, items=0, unscored=5)
    selection = Selection(searched=searched, held=None, finalists=1, bias=None)
    assert "bias" not in printed(
        summarise(result.model_copy(update={"selection": selection}), CONFIG)
    )


def test_a_race_is_said_to_be_approximate(result, printed):
    raced = printed(summarise(result.model_copy(update={"race": 0.95, "spared": 1200}), CONFIG))
    assert "Raced, and so approximate" in raced
    assert "95% confidence" in raced
    assert "1,200 dev items not run" in raced
    stopped = printed(summarise(result.model_copy(update={"spared": 1}), CONFIG))
    assert "1 dev item not run that could change nothing." in stopped
