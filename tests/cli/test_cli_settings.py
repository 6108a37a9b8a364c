import pytest

from hswarm.cli.settings import collect, parse_assignment, read_choices
from hswarm.errors import HswarmError


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("limit=5", {"limit": 5}),
        ("search.role.top_p=0.8", {"search": {"role": {"top_p": 0.8}}}),
        ("search.role.shapes=[chain, star]", {"search": {"role": {"shapes": ["chain", "star"]}}}),
        ("engine.memo=false", {"engine": {"memo": False}}),
        ("search.weight.restart_patience=null", {"search": {"weight": {"restart_patience": None}}}),
        ("data=a=b.json", {"data": "a=b.json"}),
    ],
)
def test_assignments_are_nested_and_read_as_yaml(text, settings):
    assert parse_assignment(text) == settings


@pytest.mark.parametrize("text", ["search.seed", "=1", "search..seed=1", "a b=1", "x=[1", "x=@"])
def test_what_is_no_assignment_is_said(text):
    with pytest.raises(HswarmError, match="--set") as error:
        parse_assignment(text)
    assert "--set" in error.value.hint


def test_options_overrule_assignments_and_these_the_file(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("task: nlgraph\nsearch: {seed: 1, patience: 2, role: {top_p: 0.5}}\n")
    assignments = ["search.seed=3", "search.patience=3", "search.patience=4", "limit=9"]
    assert collect(file, assignments, {"search.seed": 5}) == {
        "task": "nlgraph",
        "limit": 9,
        "search": {"seed": 5, "patience": 4, "role": {"top_p": 0.5}},
    }


@pytest.mark.parametrize("content", ["search:\n", "search: 3\n", "budget: [1]\n"])
def test_a_section_must_hold_keys(tmp_path, content):
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    with pytest.raises(HswarmError, match="must hold keys"):
        collect(file, [], {})


def test_a_file_that_is_no_mapping_is_said(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("- 1\n")
    with pytest.raises(HswarmError, match=r"settings\.yaml"):
        collect(file, [], {})
    with pytest.raises(HswarmError, match="cannot be read"):
        collect(tmp_path / "none.yaml", [], {})


def test_choices_are_read_as_yaml():
    choices = read_choices(["inertia=0.1,0.3", "search.method=role-only", "engine.memo=true, null"])
    assert choices == {
        "inertia": [0.1, 0.3],
        "search.method": ["role-only"],
        "engine.memo": [True, None],
    }


@pytest.mark.parametrize("text", ["inertia", "inertia=", "=1", "a b=1", "x=[1"])
def test_what_is_no_choice_is_said(text):
    with pytest.raises(HswarmError, match="--grid"):
        read_choices([text])
