import json
from dataclasses import replace

import numpy as np
import pytest

from hswarm.swarm import pso
from hswarm.swarm.state import SwarmState


@pytest.fixture
def state() -> SwarmState:
    swarm = pso.start(np.array([[0.1, 0.2], [1 / 3, 1e-300]]))
    return pso.observe(swarm, np.array([0.5, np.nan]), np.array([True, True]))


def test_arrays_are_copies_and_read_only():
    position = np.zeros((2, 3))
    swarm = pso.start(position)
    position[0, 0] = 5.0
    assert swarm.position[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        swarm.position[0, 0] = 1.0


def test_json_spells_infinity_in_words(state):
    text = json.dumps(state.to_json(), allow_nan=False)
    assert json.loads(text)["personal_best_utility"] == [0.5, "-inf"]
    read = SwarmState.from_json(json.loads(text))
    assert read.personal_best_utility.tolist() == [0.5, -np.inf]
    assert (read.position == state.position).all()


def test_nobody_scored_survives_json():
    swarm = SwarmState.from_json(json.loads(json.dumps(pso.start(np.eye(2)).to_json())))
    assert swarm.global_best is None
    assert (swarm.global_best_utility, swarm.global_worst_utility) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("position", [[0.1, 0.2]]),
        ("position", [[0.1, 0.2], [0.3]]),
        ("position", [[0.1, 0.2], [0.3, "nan"]]),
        ("velocity", None),
        ("global_best", [1.0]),
        ("personal_best_utility", [0.5, "nan"]),
        ("global_best_utility", "nan"),
        ("stale", [0, -1]),
        ("stale", [0]),
        ("iteration", "soon"),
        ("extra", 1),
    ],
)
def test_damaged_json_is_refused(state, key, value):
    with pytest.raises(ValueError, match=r"."):
        SwarmState.from_json({**state.to_json(), key: value})


def test_missing_key_is_refused(state):
    saved = state.to_json()
    del saved["velocity"]
    with pytest.raises(ValueError, match="velocity"):
        SwarmState.from_json(saved)


def test_a_place_in_space_is_finite(state):
    with pytest.raises(ValueError, match="position holds a number that is not finite"):
        replace(state, position=np.full((2, 2), np.inf))
