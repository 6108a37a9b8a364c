"""Experts are trained by TRL: they learn, blend, go on where they were killed, and are tabled."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from hswarm.agents.pool import read_pool
from hswarm.cli import app as cli
from hswarm.experts import supervised
from hswarm.experts.training import Schedule
from hswarm.making.plan import read_plan
from hswarm.making.train import train_pool
from hswarm.tiny import build

TINY = Path(__file__).parents[2] / "agents" / "tiny"

torch.set_num_threads(1)


def quietly(*told):
    return None


@pytest.fixture
def pool(tmp_path):
    """A pool file: two experts on the tiny base, and what they are to learn."""
    for name in ("ann", "bob"):
        lines = [
            {"prompt": f"What does {name} say to {k}?", "response": f"{name} says {k % 3}."}
            for k in range(40)
        ]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    shutil.copytree(TINY / "base", tmp_path / "base")
    content = {
        "base": "./base",
        "prompt": "chat",
        "experts": {"ann": "./ann", "bob": "./bob"},
        "data": {"ann": "ann.jsonl", "bob": "bob.jsonl"},
        "training": {
            "steps": 12,
            "batch": 8,
            "at_once": 4,
            "learning_rate": 0.01,
            "rank": 4,
            "alpha": 8,
            "stored": "float16",
            "experts": {"bob": {"steps": 6}},
        },
    }
    path = tmp_path / "pool.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


def test_experts_learn_and_are_a_pool(pool, tmp_path):
    told = []
    train_pool(read_plan(str(pool)), lambda *step: told.append(step), device="cpu")
    assert [(name, step, steps) for name, step, steps, _ in told] == [
        *(("ann", k, 12) for k in range(1, 13)),
        *(("bob", k, 6) for k in range(1, 7)),
    ]
    (family,) = read_pool(pool).open().families
    assert family.names == ("ann", "bob")
    assert {tensor.dtype for tensor in weights(tmp_path / "ann").values()} == {torch.float16}
    config = json.loads((tmp_path / "ann" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "../base"
    assert not list(tmp_path.glob("*.part"))
    record = tmp_path / "pool-training"
    losses = [json.loads(line)["loss"] for line in (record / "ann.jsonl").read_text().splitlines()]
    assert losses == [loss for name, _, _, loss in told if name == "ann"]
    assert sum(losses[-3:]) < 0.7 * sum(losses[:3])
    assert (record / "loss.csv").read_text().startswith("expert,step,loss,learning_rate\nann,1,")
    assert (record / "loss.svg").read_text().count("ann") >= 1
    (table,) = json.loads((record / "held-out.json").read_text()).values()
    assert set(table) == {"base", "ann", "bob"}
    assert table["ann"]["ann"] < table["base"]["ann"]
    assert (record / "held-out.md").read_text().splitlines()[2] == "| model | ann | bob |"


def test_the_rate_rises_for_a_tenth_of_the_steps_and_goes_down_by_a_cosine(pool, tmp_path):
    content = yaml.safe_load(pool.read_text())
    content["training"] |= {"steps": 20, "learning_rate": 2e-4, "batch": 2}
    pool.write_text(yaml.safe_dump(content))
    train_pool(read_plan(str(pool)), quietly, device="cpu")
    lines = (tmp_path / "pool-training" / "ann.jsonl").read_text().splitlines()
    rates = [json.loads(line)["learning_rate"] for line in lines]
    assert max(rates) == pytest.approx(2e-4)
    assert rates.index(max(rates)) == 2  # the first step has rate 0
    assert rates[-1] < 0.02 * 2e-4


def test_experts_of_one_pool_start_from_the_same_a(pool, tmp_path):
    content = yaml.safe_load(pool.read_text())
    content["training"] |= {"learning_rate": 1e-9, "stored": "float32"}
    pool.write_text(yaml.safe_dump(content))
    train_pool(read_plan(str(pool)), quietly, device="cpu")
    ann, bob = weights(tmp_path / "ann"), weights(tmp_path / "bob")
    of_a = [name for name in ann if "lora_A" in name]
    assert of_a
    assert all(torch.allclose(ann[name], bob[name], atol=1e-6) for name in of_a)


@pytest.mark.parametrize("torn", [False, True])
def test_one_that_was_killed_goes_on_to_the_same_weights(pool, tmp_path, monkeypatch, torn):
    monkeypatch.setattr(supervised, "CHECKPOINTS", 4)
    whole = tmp_path / "whole"
    train_pool(read_plan(str(pool), whole), quietly, device="cpu")

    def stop(name, step, steps, loss):
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_pool(read_plan(str(pool)), stop, device="cpu")
    scraps = tmp_path / "ann.part" / "checkpoints"
    assert {path.name for path in scraps.iterdir() if path.is_dir()} == {
        "checkpoint-3",
        "checkpoint-6",
    }
    if torn:  # killed while it wrote the last one
        (scraps / "checkpoint-6" / "trainer_state.json").unlink()
    told = []
    train_pool(read_plan(str(pool)), lambda *step: told.append(step), device="cpu")
    assert told[0][:2] == ("ann", 4 if torn else 7)
    for name in ("ann", "bob"):
        expected, made = weights(whole / name), weights(tmp_path / name)
        assert all(torch.equal(made[key], expected[key]) for key in expected)
        records = [
            (folder / f"{name}.jsonl").read_text()
            for folder in (whole / "pool-training", tmp_path / "pool-training")
        ]
        assert records[0] == records[1]


def test_one_that_was_begun_by_another_recipe_begins_anew(pool, tmp_path, monkeypatch):
    monkeypatch.setattr(supervised, "CHECKPOINTS", 4)

    def stop(name, step, steps, loss):
        if step == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_pool(read_plan(str(pool)), stop, device="cpu")
    content = yaml.safe_load(pool.read_text())
    content["training"]["learning_rate"] = 1e-5
    pool.write_text(yaml.safe_dump(content))
    told = []
    train_pool(read_plan(str(pool)), lambda *step: told.append(step), device="cpu")
    assert told[0][:2] == ("ann", 1)
    assert not (tmp_path / "ann" / "course.json").exists()


def test_what_is_done_is_not_done_again(pool, tmp_path):
    train_pool(read_plan(str(pool)), quietly, device="cpu")
    before = (tmp_path / "ann" / "adapter_model.safetensors").stat().st_mtime_ns
    shutil.rmtree(tmp_path / "bob")
    plan = read_plan(str(pool))
    assert [course.name for course in plan.courses] == ["bob"]
    train_pool(plan, quietly, device="cpu")
    assert (tmp_path / "ann" / "adapter_model.safetensors").stat().st_mtime_ns == before
    assert (tmp_path / "bob" / "adapter_config.json").is_file()


def test_the_recipe_of_the_tiny_pool_makes_adapters_of_its_shape(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hswarm.making.heldout._read_domains", lambda plan: {})
    plan = read_plan("tiny")
    brief = {"steps": 1, "batch": 2}
    courses = [
        replace(course, recipe=course.recipe.model_copy(update=brief)) for course in plan.courses
    ]
    built = read_pool(train_pool(replace(plan, courses=tuple(courses)), quietly, device="cpu"))
    (family,) = built.open().families
    assert family.names == read_pool(TINY.with_suffix(".yaml")).agents
    for name in family.names:
        configs = [
            json.loads((folder / name / "adapter_config.json").read_text())
            for folder in (TINY, tmp_path / "tiny")
        ]
        for key in ("r", "lora_alpha", "target_modules"):
            assert configs[0][key] == configs[1][key]
        assert {k: v.dtype for k, v in weights(TINY / name).items()} == {
            k: v.dtype for k, v in weights(tmp_path / "tiny" / name).items()
        }


def test_the_tiny_pool_is_built_from_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    moment = Schedule(steps=1, batch=2, learning_rate=1e-3)
    monkeypatch.setattr(build, "BASE_SCHEDULE", moment)
    monkeypatch.setattr(build, "DATA", 1)
    brief = {"steps": 1, "batch": 2, "rank": 2, "held_out": 2}
    own = {name: {"data": f"tiny:{name}"} for name in build.SKILLS}
    monkeypatch.setattr(build, "shipped_recipe", lambda pool: {**brief, "experts": own})
    monkeypatch.setattr("sys.argv", ["hswarm", "experts", "build", "tiny"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert not end.value.code
    built = read_pool(tmp_path / "tiny" / "tiny.yaml")
    assert len(built.open()) == 10
    assert all(Path(file).is_file() for file in built.data.values())
    assert "| base |" in capsys.readouterr().out
