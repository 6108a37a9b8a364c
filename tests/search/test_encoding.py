"""What particles say, under every encoding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hswarm.config import RoleConfig, search_config
from hswarm.graph.shapes import SHAPES
from hswarm.search.encoding import Encoding
from hswarm.swarm import pso

KINDS = ("matrix", "order", "seats")
kinds = st.sampled_from(KINDS)
wild = st.one_of(st.floats(-1, 2), st.floats(allow_nan=False, allow_infinity=False))


def encoding_of(kind, nodes=5, **changes):
    return Encoding(nodes, RoleConfig(encoding=kind, **changes))


@settings(max_examples=200, deadline=None)
@given(st.data(), kinds, st.integers(1, 7), st.floats(0, 1))
def test_every_finite_particle_is_a_system(data, kind, nodes, top_p):
    encoding = encoding_of(kind, nodes, top_p=top_p, decodes=1 + (top_p > 0))
    size = encoding.start(0).shape[1]
    particle = data.draw(arrays(np.float64, size, elements=wild))
    for dag in encoding.graphs(particle, 0, 1, 0):
        assert len(dag) == nodes
    seats = encoding.agents(particle, 0, 0)
    assert len(seats) == nodes
    assert all(0 <= agent < nodes for agent in seats)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("nodes", [1, 2, 5])
def test_a_shaped_particle_has_its_shape_and_a_seat_for_everybody(kind, nodes):
    encoding = encoding_of(kind, nodes, shapes=("chain", "star"), particles=3)
    for index, shape in enumerate(("chain", "star")):
        particle = encoding.start(7)[index]
        [dag] = encoding.graphs(particle, 7, 0, index)
        assert dag == SHAPES[shape](dag.order)
        seated = encoding.agents(particle, 0, 0)
        assert sorted(seated) == list(range(nodes))
        assert kind == "seats" or seated == tuple(range(nodes))


def test_particles_of_the_default_differ_in_their_seats_so_that_a_swarm_moves_them():
    config = search_config("default", {"seed": 1, "role": {"encoding": "seats"}}).role
    start = Encoding(10, config).start(1)
    seats = start[:, 100:]
    assert len({tuple(row) for row in seats}) == len(start)
    swarm = pso.start(start)
    swarm = pso.observe(swarm, np.arange(len(start)) / 10, np.ones(len(start), dtype=bool))
    swarm = pso.step(pso.set_off(swarm, config, 1, "role"), config, 1, "role")
    assert (swarm.position[:, 100:] != seats).any(axis=1).all()


@settings(max_examples=100, deadline=None)
@given(st.data(), kinds, st.integers(1, 7))
def test_an_adopted_particle_decodes_to_what_was_evaluated(data, kind, nodes):
    encoding = encoding_of(kind, nodes, shapes=())
    particle = encoding.start(data.draw(st.integers(0, 99)))[0]
    [dag] = encoding_of(kind, nodes, top_p=0.9).graphs(particle, 0, 1, 0)
    adopted = encoding.adopt(particle, dag)
    assert encoding.graphs(adopted, 5, 2, 3) == [dag]
    assert encoding.agents(adopted, 0, 0) == encoding.agents(particle, 0, 0)


def test_the_matrices_of_the_papers_have_an_empty_diagonal():
    first, *_ = encoding_of("matrix", shapes=()).start(0)
    assert (first.reshape(5, 5).diagonal() == 0.0).all()
    keyed, *_ = encoding_of("order", shapes=()).start(0)
    assert (keyed.reshape(5, 5).diagonal() > 0.0).all()
    assert (encoding_of("order").likelihoods(keyed).diagonal() == 0.0).all()


def test_seats_are_drawn_where_graphs_are():
    encoding = encoding_of("seats", shapes=(), particles=20)
    seats = {encoding.agents(particle, 0, 0) for particle in encoding.start(0)}
    assert len(seats) > 10
    assert any(len(set(row)) < 5 for row in seats)


def test_more_decodes_begin_with_the_one_there_was():
    particle = encoding_of("matrix", shapes=()).start(0)[5]
    [one] = encoding_of("matrix", top_p=0.8).graphs(particle, 0, 1, 2)
    several = encoding_of("matrix", top_p=0.8, decodes=5).graphs(particle, 0, 1, 2)
    assert several[0] == one
    assert 1 < len(several) == len(set(several)) <= 5


def test_several_greedy_decodes_would_be_one_so_they_are_refused():
    with pytest.raises(ValueError, match="the same graph"):
        RoleConfig(top_p=0.0, decodes=5)
