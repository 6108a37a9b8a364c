"""A state is whole or it is not used, and there is always a whole one."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.errors import HswarmError
from hswarm.store.state import CURRENT, PREVIOUS, load_state, newest_state, save_state


def save(folder, number):
    payload = {"number": number, "swarm": np.full((2, 3), number / 7), "nested": [{"a": None}]}
    return save_state(folder, payload, utility=number / 10, journal_size=100 * number)


def load(folder, journal_size=10_000):
    return load_state(folder, journal_size=journal_size)


@pytest.fixture
def folder(tmp_path):
    """A run's folder after three states."""
    for number in (1, 2, 3):
        save(tmp_path, number)
    return tmp_path


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """The two files after three states, as bytes."""
    folder = tmp_path_factory.mktemp("three")
    for number in (1, 2, 3):
        save(folder, number)
    return (folder / CURRENT).read_bytes(), (folder / PREVIOUS).read_bytes()


def test_newest_state_is_loaded(folder):
    loaded = load(folder)
    assert loaded.state.payload["number"] == 3
    assert np.array_equal(loaded.state.payload["swarm"], np.full((2, 3), 3 / 7))
    assert (loaded.state.generation, loaded.state.journal_size) == (3, 300)
    assert loaded.state.utility == 0.3
    assert not loaded.used_previous
    assert loaded.note is None


def test_no_state_is_no_error(tmp_path):
    assert load(tmp_path) is None
    assert newest_state(tmp_path) is None


def test_file_is_plain_json(folder):
    content = json.loads((folder / CURRENT).read_text())
    assert content["state"]["generation"] == 3
    assert len(content["sha256"]) == 64


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_truncated_state_gives_way_to_the_previous(three, tmp_path_factory, data):
    current, previous = three
    folder = tmp_path_factory.mktemp("cut")
    (folder / PREVIOUS).write_bytes(previous)
    (folder / CURRENT).write_bytes(current[: data.draw(st.integers(0, len(current) - 1))])
    loaded = load(folder)
    assert loaded.state.payload["number"] == 2
    assert loaded.used_previous
    assert "state.json is damaged" in loaded.note
    assert PREVIOUS in loaded.note


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_flipped_bit_is_noticed(three, tmp_path_factory, data):
    current, previous = three
    place = data.draw(st.integers(0, len(current) - 1))
    broken = bytearray(current)
    broken[place] ^= 1 << data.draw(st.integers(0, 7))
    folder = tmp_path_factory.mktemp("flip")
    (folder / PREVIOUS).write_bytes(previous)
    (folder / CURRENT).write_bytes(broken)
    loaded = load(folder)
    assert loaded.used_previous
    assert loaded.state.payload["number"] == 2


def test_every_truncation_of_the_envelope_is_noticed(three, tmp_path):
    current, previous = three
    (tmp_path / PREVIOUS).write_bytes(previous)
    ends = [*range(100), *range(len(current) - 20, len(current))]
    for end in ends:
        (tmp_path / CURRENT).write_bytes(current[:end])
        assert load(tmp_path).state.generation == 2


def test_appended_bytes_are_noticed(folder):
    with (folder / CURRENT).open("ab") as file:
        file.write(b"\n")
    assert load(folder).used_previous


def test_missing_newest_gives_way_to_the_previous(folder):
    (folder / CURRENT).unlink()
    loaded = load(folder)
    assert loaded.state.generation == 2
    assert "state.json is missing" in loaded.note


def test_state_newer_than_the_journal_gives_way(folder):
    loaded = load(folder, journal_size=299)
    assert loaded.state.generation == 2
    assert "newer than the journal" in loaded.note


def test_both_bad_is_an_error_that_names_both(folder):
    (folder / CURRENT).write_bytes(b"")
    (folder / PREVIOUS).write_bytes(b"{}")
    with pytest.raises(HswarmError, match=r"state\.json is damaged and state\.previous") as caught:
        load(folder)
    assert "config.yaml" in caught.value.hint


def test_lone_damaged_state_is_an_error_not_a_fresh_start(tmp_path):
    save(tmp_path, 1)
    (tmp_path / CURRENT).write_bytes(b"")
    with pytest.raises(HswarmError):
        load(tmp_path)


def test_damaged_state_never_replaces_the_whole_one(folder):
    (folder / CURRENT).write_bytes(b"damaged")
    save(folder, 4)
    assert load(folder).state.payload["number"] == 4
    (folder / CURRENT).unlink()
    assert load(folder).state.payload["number"] == 2


def test_generations_go_on_from_the_one_in_use(folder):
    assert save(folder, 4).generation == 4
    (folder / CURRENT).write_bytes(b"damaged")
    assert save(folder, 5).generation == 4


def test_state_of_another_form_is_refused(folder, monkeypatch):
    monkeypatch.setattr("hswarm.store.state.SCHEMA", 0)
    with pytest.raises(HswarmError, match="another version of hswarm"):
        load(folder)


def test_unsaveable_payload_leaves_the_state_alone(folder):
    with pytest.raises(TypeError):
        save_state(folder, {"x": {1, 2}}, utility=0.0, journal_size=0)
    assert load(folder).state.generation == 3


def test_ten_experts_and_ten_graphs_take_less_than_100_kb_an_iteration(tmp_path):
    rng = np.random.default_rng(0)

    def swarm(dimensions):
        matrices = ("position", "velocity", "personal_best")
        rows = {name: rng.normal(size=(10, dimensions)).tolist() for name in matrices}
        bests = {name: rng.normal(size=dimensions).tolist() for name in ("best", "worst")}
        return {**rows, **bests, "utility": rng.random(10).tolist(), "stale": [3] * 10}

    save_state(tmp_path, {"role": swarm(100), "weight": swarm(10)}, utility=0.5, journal_size=10**7)
    # What the search journals in an iteration is some 6 kB more.
    assert (tmp_path / CURRENT).stat().st_size < 90_000
