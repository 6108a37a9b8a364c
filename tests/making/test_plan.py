"""What of a pool is to be trained, on what and where to; what cannot be is refused before."""

import json
from pathlib import Path

import pytest
import yaml

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.experts.corpus import TULU_DOMAINS
from hswarm.experts.recipe import Recipe
from hswarm.making.domains import read_domain
from hswarm.making.plan import read_plan, write_pool

TINY = Path(__file__).parents[2] / "agents" / "tiny"
LINE = {"prompt": "Who is it?", "response": "Ada."}


@pytest.fixture
def write(tmp_path):
    """Write a pool file with two experts on the tiny base, changed by keywords."""
    (tmp_path / "mine.jsonl").write_text("\n".join([json.dumps(LINE)] * 40))

    def write(**changes):
        content = {
            "base": str(TINY / "base"),
            "prompt": "chat",
            "experts": {"here": str(TINY / "jobs"), "mine": "./experts/mine"},
            "data": {"mine": "mine.jsonl"},
            **changes,
        }
        path = tmp_path / "own.yaml"
        path.write_text(yaml.safe_dump(content))
        return str(path)

    return write


def test_experts_that_are_there_are_not_trained(write, tmp_path):
    plan = read_plan(write())
    (course,) = plan.courses
    assert (course.name, course.folder) == ("mine", tmp_path / "experts" / "mine")
    assert course.data == str(tmp_path / "mine.jsonl")
    assert plan.file == tmp_path / "own.yaml"
    assert plan.record == tmp_path / "own-training"


def test_into_a_folder_all_are_trained_and_the_pool_goes_with_them(write, tmp_path):
    path = write(data={"mine": "mine.jsonl", "here": "tulu-v2:cot"}, licence="MIT")
    plan = read_plan(path, tmp_path / "out")
    assert [course.folder for course in plan.courses] == [
        tmp_path / "out" / "here",
        tmp_path / "out" / "mine",
    ]
    plan.file.parent.mkdir()
    write_pool(plan)
    written = yaml.safe_load(plan.file.read_text())
    assert written["experts"] == {"here": "./here", "mine": "./mine"}
    assert written["data"] == {"mine": str(tmp_path / "mine.jsonl"), "here": "tulu-v2:cot"}
    again = read_plan(str(plan.file))
    assert (again.courses, again.pool) == (plan.courses, plan.pool)


def test_the_papers_recipe_is_the_default():
    recipe = Recipe()
    assert (recipe.learning_rate, recipe.warm_up, recipe.batch) == (2e-4, 0.1, 32)
    assert (recipe.epochs, recipe.floor) == (5.0, 0.0)


def test_an_expert_can_have_steps_and_rates_of_its_own(write):
    recipe = Recipe.model_validate(
        {"steps": 9, "experts": {"a": {"epochs": 1}, "b": {"steps": 3, "learning_rate": 0.5}}}
    )
    assert (recipe.of("a").steps, recipe.of("a").epochs) == (None, 1.0)
    assert (recipe.of("b").steps, recipe.of("b").learning_rate) == (3, 0.5)
    assert recipe.of("c").steps == 9


@pytest.mark.parametrize("name", ["gemma-7b-tulu", "mistral-7b-tulu"])
def test_the_papers_pools_name_ten_experts_and_their_domains(name, tmp_path):
    pool = read_pool(find("agents", name))
    assert len(pool.agents) == 10
    assert {pool.data[expert] for expert in pool.agents} == {f"tulu-v2:{d}" for d in TULU_DOMAINS}
    assert pool.training.of("sharegpt").epochs == 1
    assert pool.training.of("cot") == Recipe(stored="bfloat16")
    plan = read_plan(name, tmp_path / "out")
    assert len(plan.courses) == 10
    assert plan.file == tmp_path / "out" / f"{name}.yaml"


def test_the_papers_adapters_of_gemma_are_on_the_hub_and_not_trained():
    pool = find("agents", "gemma-7b-tulu")
    assert read_plan(str(pool)).courses == ()
    (family,) = read_pool(pool).families.values()
    assert all(source == f"bunsenfeng/{name}" for name, source in family.experts.items())


@pytest.mark.parametrize("name", ["tiny", "mixed"])
def test_a_pool_that_comes_along_is_trained_into_a_folder_of_its_name(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plan = read_plan(name)
    experts = sum(len(family.experts) for family in plan.pool.families.values())
    assert len(plan.courses) == experts
    assert plan.file == tmp_path / name / f"{name}.yaml"
    assert all(course.data == f"tiny:{course.name}" for course in plan.courses)
    assert not list(tmp_path.iterdir())


def test_what_is_held_out_is_not_trained_on(tmp_path):
    lines = [json.dumps({"prompt": f"{k}", "response": f"{k}"}) for k in range(50)]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    domain = read_domain(str(tmp_path / "a.jsonl"), Recipe(), seed=0)
    assert (len(domain.train), len(domain.held_out)) == (45, 5)
    assert len({*domain.train, *domain.held_out}) == 50
    assert domain == read_domain(str(tmp_path / "a.jsonl"), Recipe(), seed=0)
    made = read_domain("tiny:add", Recipe(steps=2, batch=3, held_out=4), seed=0)
    assert (len(made.train), len(made.held_out)) == (6, 4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {}}, "does not say what 'mine' is trained on"),
        ({"data": {"mine": "tulu-v2:cots"}}, "no domain of tulu-v2 'cots'"),
        ({"data": {"mine": "tiny:friendz"}}, "no domain of tiny 'friendz'"),
        ({"data": {"mine": "tiny:friends"}}, "has no end"),
        ({"data": {"mine": "none.jsonl"}}, "cannot be read"),
        ({"training": {"experts": {"mien": {"steps": 3}}}}, "no agent 'mien'"),
        ({"training": {"warmup": 0.1}}, "warmup"),
    ],
)
def test_what_cannot_be_trained_is_refused(changes, said, write):
    with pytest.raises(HswarmError, match=said):
        read_plan(write(**changes))


def test_a_pool_without_experts_has_nothing_to_train(tmp_path):
    path = tmp_path / "far.yaml"
    path.write_text("remote: {big: {base_url: 'http://127.0.0.1:1/v1', model: big}}")
    with pytest.raises(HswarmError, match="has no experts to train"):
        read_plan(str(path))
