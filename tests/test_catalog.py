"""Entries are found where they should be, and broken YAML is one clear line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm import catalog
from hswarm.errors import HswarmError


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A working directory, a user's catalogue and a package with a shipped one, all empty."""
    work, user, package = (tmp_path / name for name in ("work", "user", "hswarm"))
    for folder in (work / "tasks", user / "tasks", package / "_catalog" / "tasks"):
        folder.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("HSWARM_CATALOG", str(user))
    monkeypatch.setattr(catalog, "__file__", str(package / "catalog.py"))
    return work / "tasks", user / "tasks", package / "_catalog" / "tasks"


def test_the_working_directory_hides_the_user_hides_the_shipped(places):
    for folder in reversed(places):
        (folder / "sums.yaml").touch()
        assert catalog.find("tasks", "sums") == folder / "sums.yaml"
    assert catalog.names("tasks") == ["sums"]


def test_names_come_from_everywhere_sorted(places):
    for folder, name in zip(places, ("c.yaml", "a.yml", "b.yaml"), strict=True):
        (folder / name).touch()
    (places[0] / "notes.txt").touch()
    assert catalog.names("tasks") == ["a", "b", "c"]


def test_a_checkout_ships_what_lies_at_its_root(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "__file__", str(tmp_path / "hswarm" / "catalog.py"))
    assert catalog.folders("graphs")[-1] == tmp_path / "graphs"


def test_without_a_variable_the_users_folder_is_in_the_configuration(monkeypatch, tmp_path):
    monkeypatch.delenv("HSWARM_CATALOG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert catalog.folders("agents")[1] == tmp_path / ".config" / "hswarm" / "agents"


def test_a_missing_catalogue_is_an_empty_one(places):
    assert catalog.names("graphs") == []
    with pytest.raises(HswarmError, match="no graph 'star'") as caught:
        catalog.find("graphs", "star")
    assert caught.value.hint == "There are none."


def test_an_unknown_name_is_answered_with_the_nearest(places):
    for name in ("gsm8k", "nlgraph", "gaia-text"):
        (places[2] / f"{name}.yaml").touch()
    with pytest.raises(HswarmError, match=r"^There is no task 'NLgrap'\.$") as caught:
        catalog.find("tasks", "NLgrap")
    assert caught.value.hint == ("Did you mean nlgraph? There are: gaia-text, gsm8k, nlgraph.")


def test_a_path_is_taken_as_it_is(places, tmp_path):
    path = tmp_path / "mine.yaml"
    path.touch()
    assert catalog.find("tasks", str(path)) == path
    with pytest.raises(HswarmError, match=r"no file .*other\.yaml"):
        catalog.find("tasks", str(tmp_path / "other.yaml"))


@pytest.mark.parametrize("name", ["../user/tasks/secret", "", ".", "*"])
def test_a_name_never_leaves_the_catalogue(places, name):
    (places[1] / "secret.yaml").touch()
    with pytest.raises(HswarmError):
        catalog.find("tasks", name)


def _read(tmp_path: Path, text: str | bytes) -> dict[str, object]:
    path = tmp_path / "entry.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return catalog.read_yaml(path)


def test_a_mapping_is_read(tmp_path):
    assert _read(tmp_path, "name: sums\nsizes: {dev: 3}\n") == {"name": "sums", "sizes": {"dev": 3}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "line 3"),
        ("a: 1\n\tb: 2\n", "line 2"),
        ("a: 'open\n", "line 2"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: could not determine"),
        ("- a\n- b\n", "must be a mapping"),
        ("just words", "must be a mapping"),
        ("", "must be a mapping"),
        ("born: 2025-13-45\n", "month must be in"),
        ("a: \x07\n", "special characters are not allowed"),
        ("[" * 3000, "recursion"),
        (b"a: \xff\xfe\n", "not UTF-8"),
    ],
)
def test_malformed_yaml_is_one_line_that_says_where(tmp_path, text, message):
    with pytest.raises(HswarmError, match=message) as caught:
        _read(tmp_path, text)
    assert "entry.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_what_cannot_be_opened_is_a_user_error(tmp_path):
    with pytest.raises(HswarmError, match="No such file"):
        catalog.read_yaml(tmp_path / "none.yaml")
    with pytest.raises(HswarmError, match="Is a directory"):
        catalog.read_yaml(tmp_path)


@given(st.text(alphabet="ab:-[]{}'\"#&*!|>%@` \n\t?,0.~\x00é", max_size=40))
def test_any_text_is_a_mapping_or_a_user_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        content = catalog.read_yaml(path)
    except HswarmError as error:
        content = {"line": str(error)}
    assert isinstance(content, dict)
    assert "\n" not in str(content.get("line"))
