"""What a bench runs."""

import pytest

from hswarm.bench.config import METHODS, PRESETS, Cell, bench_config, cells_of, run_config
from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.tasks.spec import read_spec


def test_every_preset_names_what_there_is():
    for name in PRESETS:
        config = bench_config(name, {})
        assert all(read_spec(find("tasks", task)) for task in config.tasks)
        assert set(config.methods) <= set(METHODS)


def test_the_papers_grid_is_every_task_of_both():
    tasks = bench_config("papers", {}).tasks
    assert len(tasks) == len(set(tasks)) == 9 + 4 + 3 + 16 + 12 - 5
    assert {"wow", "human-olympics", "rm-verbose", "culture", "abstainqa"} <= set(tasks)


def test_what_is_asked_overrules_the_preset():
    config = bench_config("quick", {"seeds": 7, "tasks": ["nlgraph"]})
    assert (config.seeds, config.tasks) == (7, ("nlgraph",))
    assert config.methods == PRESETS["quick"]["methods"]


def test_cells_come_seed_by_seed():
    config = bench_config(None, {"tasks": ["a", "b"], "methods": ["chain"], "seeds": 2})
    assert cells_of(config) == [
        Cell("a", "chain", 0),
        Cell("b", "chain", 0),
        Cell("a", "chain", 1),
        Cell("b", "chain", 1),
    ]


def test_a_cells_run_has_its_method_seed_and_settings():
    config = bench_config("papers", {"settings": {"budget": {"max_tokens": 5}}})
    run = run_config(config, Cell("nlgraph", "model-swarms", 3))
    assert (run.search.method, run.search.seed, run.data) == ("model-swarms", 3, "authors")
    assert (run.search.weight.particles, run.budget.max_tokens) == (20, 5)


@pytest.mark.parametrize(
    ("preset", "asked", "message"),
    [
        ("fast", {}, "no preset of bench 'fast'"),
        (None, {"tasks": ["nlgraph"]}, "Which tasks and methods"),
        (None, {"tasks": ["nlgraph"], "methods": ["chains"]}, "no method 'chains'"),
        (None, {"tasks": ["nlgraph"], "methods": ["chain"], "seeds": 0}, "the bench: seeds"),
    ],
)
def test_what_there_is_not_is_a_user_error(preset, asked, message):
    with pytest.raises(HswarmError, match=message):
        bench_config(preset, asked)
