"""How a search went: its journal, the ways of its particles, what models are made of."""

import math

import numpy as np
import pytest

from hswarm.analysis.composition import coefficient_matrix, shares
from hswarm.analysis.dynamics import read_dynamics
from hswarm.analysis.trajectories import choose_coordinates, principal_plane


def evaluation(iteration, step, utility, **more):
    return {"event": "evaluation", "iteration": iteration, "step": step, "utility": utility, **more}


JOURNAL = [
    evaluation(0, "start", 0.2, items=50),
    evaluation(0, "start", math.nan, items=50),
    {"event": "graphs", "iteration": 0, "utilities": [0.2, None]},
    {"event": "positions", "iteration": 0, "rows": [[1.0, 0.0], [0.0, 1.0]], "jfk": [0.1, 0.2]},
    {"event": "iteration", "iteration": 0, "answered": 100, "generated": 80},
    {"event": "failure", "iteration": 1, "step": "role", "what": "x"},
    evaluation(1, "move", 0.9, items=10),
    evaluation(1, "role", 0.4, items=50),
    {"event": "graphs", "iteration": 1, "utilities": [0.1, 0.4]},
    {"event": "positions", "iteration": 1, "rows": [[0.9, 0.1], [0.0, 1.0]], "jfk": [0.3, None]},
    {"event": "iteration", "iteration": 1, "answered": 150, "generated": 90},
]


def test_a_journal_is_folded_together():
    dynamics = read_dynamics(JOURNAL)
    assert dynamics.best == [0.2, 0.4]  # what was tried on fewer items does not count
    assert dynamics.answered == [100, 150]
    assert dynamics.generated == [80, 90]
    assert dynamics.graphs.iterations == [0, 1]
    assert dynamics.graphs.personal_bests().tolist() == [0.2, 0.4]
    np.testing.assert_array_equal(
        dynamics.weights[""].utility_matrix(), [[0.1, 0.2], [0.3, math.nan]]
    )
    assert dynamics.weights[""].position_array().shape == (2, 2, 2)
    assert [step for _, step, _ in dynamics.evaluations] == ["start", "start", "role"]


def test_an_empty_journal_is_an_empty_search():
    dynamics = read_dynamics([])
    assert dynamics.best == []
    assert dynamics.weights == {}


def test_the_main_plane_holds_what_is_flat():
    rng = np.random.default_rng(0)
    flat = rng.random((5, 3, 2)) @ rng.random((2, 7))
    plane = principal_plane(flat)
    assert plane.points.shape == (5, 3, 2)
    assert plane.explained == pytest.approx(1.0)
    # Distances are kept.
    before = np.linalg.norm(flat.reshape(-1, 7)[0] - flat.reshape(-1, 7)[9])
    after = np.linalg.norm(plane.points.reshape(-1, 2)[0] - plane.points.reshape(-1, 2)[9])
    assert after == pytest.approx(before)


def test_one_dimension_and_one_place():
    line = principal_plane(np.arange(4.0).reshape(4, 1, 1))
    assert np.all(line.points[:, :, 1] == 0)
    still = principal_plane(np.ones((2, 2, 3)))
    assert still.explained == 1.0
    assert np.allclose(still.points, 0)


def test_two_coordinates_can_be_chosen():
    positions = np.arange(12.0).reshape(2, 2, 3)
    plane = choose_coordinates(positions, 2, 0)
    assert plane.points[0].tolist() == [[2.0, 0.0], [5.0, 3.0]]
    assert plane.explained is None


def test_shares_are_of_absolute_values():
    assert shares({"code": -0.25, "math": 0.75, "art": 0.25}) == {
        "math": 0.6, "art": 0.2, "code": 0.2,
    }  # fmt: skip
    assert list(shares({"b": 0.5, "a": 0.5})) == ["a", "b"]
    assert shares({"a": 0.0}) == {"a": 0.0}


def test_coefficients_as_a_matrix():
    matrix = coefficient_matrix([{"a": 1.0}, {"b": -0.5, "a": 0.5}], ["a", "b"])
    assert matrix.tolist() == [[1.0, 0.0], [0.5, -0.5]]
    assert coefficient_matrix([], ["a"]).shape == (0, 1)
