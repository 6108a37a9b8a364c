"""What a bench runs."""

import pytest

from hswarm.bench.config import METHODS, PRESETS, Cell, bench_config, cells_of, run_config
from hswarm.catalog import find
from hswarm.config import search_config
from hswarm.errors import HswarmError
from hswarm.store.changes import compare_configs
from hswarm.tasks.spec import read_spec


def test_every_preset_names_what_there_is():
    for name in PRESETS:
        config = bench_config(name, {})
        assert all(read_spec(find("tasks", task)) for task in config.tasks)
        assert set(config.methods) <= {*METHODS, *config.variants}


def changed(name):
    """Return what each variant of a preset changes of Model Swarms as the paper has it."""
    config = bench_config(name, {})
    runs = {m: run_config(config, Cell("nlgraph", m, 0)) for m in config.methods}
    whole = runs.pop("full")
    assert whole.search == search_config("paper", {"method": "model-swarms"})
    return {
        m: {d.key.removeprefix("search.weight."): d.new for d in compare_configs(whole, run)}
        for m, run in runs.items()
    }


def test_table_7_takes_each_of_the_five_changes_to_pso_back():
    assert changed("ablations") == {
        "crossover, only 15": {"particles": 15},
        "no crossover": {"particles": None},
        "velocity best": {"initial_velocity": "best"},
        "velocity zero": {"initial_velocity": "zero"},
        "no repel": {"repel": 0.0},
        "no schedule": {"step_decay": 1.0},
        "no restart": {"restart_patience": None},
    }


def test_table_6_takes_the_randomness_out_in_every_combination():
    rows = changed("randomness")
    assert list(rows) == [
        *("without 1", "without 2", "without 3"),
        *("without 1 and 2", "without 1 and 3", "without 2 and 3"),
        "without 1 and 2 and 3",
    ]
    certain = {"particles": None, "initial_velocity": "zero", "walk_randomness": False}
    assert rows["without 2"] == {"initial_velocity": "zero"}
    assert rows["without 1 and 2 and 3"] == certain


def test_a_variant_is_a_method_with_settings_of_its_own():
    variants = {"weak": {"method": "role-only", "settings": {"search": {"keep": "2-10"}}}}
    asked = {"tasks": ["nlgraph"], "methods": ["weak", "chain"], "variants": variants}
    config = bench_config(None, {**asked, "settings": {"search": {"max_iterations": 7}}})
    run = run_config(config, Cell("nlgraph", "weak", 1))
    assert (run.search.method, run.search.keep, run.search.max_iterations) == (
        "role-only",
        "2-10",
        7,
    )
    with pytest.raises(HswarmError, match="no method 'strong'"):
        bench_config(None, {**asked, "methods": ["strong"]})


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
