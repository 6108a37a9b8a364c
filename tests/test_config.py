import pytest
import yaml

from hswarm.config import (
    MODEL_SWARMS,
    PRESETS,
    RunConfig,
    SearchConfig,
    per_split,
    search_config,
    to_yaml,
)
from hswarm.config import validated as read
from hswarm.errors import HswarmError

STILL = {"inertia": 0, "cognitive": 0, "social": 0, "repel": 0}


def test_yaml_out_and_in_again():
    config = RunConfig(task="gsm8k", search=search_config("paper", {"seed": 3}))
    assert read(RunConfig, yaml.safe_load(to_yaml(config)), "the file") == config


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_valid(preset):
    assert isinstance(search_config(preset, {}), SearchConfig)


def test_the_papers_preset_is_what_they_print():
    config = search_config("paper", {})
    assert (config.max_iterations, config.patience) == (20, 6)
    for swarm in (config.role, config.weight):
        assert (swarm.inertia, swarm.cognitive, swarm.social, swarm.repel) == (0.2, 0.3, 0.4, 0.05)
        assert (swarm.step_length, swarm.step_decay, swarm.step_min) == (0.7, 0.95, 0.1)
    role, weight = config.role, config.weight
    assert (role.particles, role.top_p, role.edges, role.shapes) == (10, 0.8, "each", ())
    assert (role.models, role.moves) == ("current", 0)
    assert (weight.credit, weight.assignments, weight.assignment) == ("assignments", 10, "random")
    assert (role.encoding, role.decodes, role.adopt, weight.anchor) == ("matrix", 1, False, 0.0)
    assert weight.acceptance == "always"
    assert (role.optimizer, weight.optimizer) == ("pso", "pso")
    assert (config.held, config.finalists) == (0.0, 1)
    alone = search_config("paper", {"method": "model-swarms"})
    assert alone.weight.particles == MODEL_SWARMS["weight"]["particles"] == 20
    assert (alone.max_iterations, alone.patience) == (50, 10)


def test_changes_are_laid_over_the_preset_key_by_key():
    config = search_config("paper", {"role": {"top_p": 0.5}})
    assert (config.role.top_p, config.role.particles, config.role.shapes) == (0.5, 10, ())


@pytest.mark.parametrize(
    ("changes", "message", "hint"),
    [
        ({"mehtod": "x"}, "there is no key 'mehtod'", "Did you mean method? Keys there: method"),
        ({"role": {"top_q": 1}}, "there is no key 'role.top_q'", "Did you mean top_p"),
        ({"role": {"edges": "eahc"}}, "role.edges", "Did you mean each"),
        ({"role": {"edges": "zzz"}}, "role.edges", "It is 'zzz' now."),
        ({"role": {"top_p": 1.5}}, "role.top_p", "It is 1.5 now."),
        ({"role": {"step_length": float("nan")}}, "role.step_length", "nan"),
        ({"role": STILL}, "role: inertia, cognitive, social and repel are all 0", "one of them"),
        ({"seed": -1}, "seed", "It is -1 now."),
        ({"early_stop": True, "race": 0.9}, "settings: early_stop loses nothing", "one of them"),
        ({"method": "soup", "race": 0.9}, "soup scores everybody in full", "one of them"),
        ({"method": "soup", "early_stop": True}, "soup scores everybody in full", "one of them"),
        ({"method": "model-swarms", "role": {"nodes": 3}}, "no graphs", "one of them"),
        ({"keep": "0-3"}, "keep: it is not of the form 2-10", "It is '0-3' now."),
        ({"diversity": "5"}, "diversity: it is not of the form 5x2", "It is '5' now."),
    ],
)
def test_what_is_wrong_and_what_to_do(changes, message, hint):
    with pytest.raises(HswarmError) as caught:
        search_config("default", changes)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert hint in caught.value.hint


def test_an_unknown_preset():
    with pytest.raises(HswarmError, match="no preset 'papr'") as caught:
        search_config("papr", {})
    assert "paper" in caught.value.hint


@pytest.mark.parametrize(
    ("said", "limit", "splits"),
    [
        (None, None, (None, None)),
        (5, 5, (5, 5)),
        ("5", 5, (5, 5)),
        ("5:20", (5, 20), (5, 20)),
        ([5, 20], (5, 20), (5, 20)),
    ],
)
def test_a_limit_is_one_number_or_one_per_split(said, limit, splits):
    config = RunConfig(task="gsm8k", limit=said)
    assert config.limit == limit
    assert per_split(config.limit) == splits
    assert read(RunConfig, yaml.safe_load(to_yaml(config)), "a file") == config


@pytest.mark.parametrize("said", [0, "0", "5:", "5:0", "a", "1:2:3", [], -1, 2.5, {}])
def test_what_is_no_limit_is_refused_in_a_line(said):
    with pytest.raises(HswarmError, match="50 or 50:200") as refused:
        read(RunConfig, {"task": "gsm8k", "limit": said}, "a file")
    assert str(refused.value).count("\n") == 0
