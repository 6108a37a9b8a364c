"""What every optimiser promises, whichever library it comes from."""

import builtins
import json
import sys
from functools import partial

import numpy as np
import pytest

from hswarm.config import PsoConfig
from hswarm.errors import HswarmError
from hswarm.swarm import bayesian, optimizer, pso
from hswarm.swarm.space import MATRICES, ROWS
from hswarm.swarm.state import SwarmState

LIBRARY = {"cma-es": "cmaes", "de": "scipy.optimize", "bo": "optuna"}
OPTIMIZERS = ("pso", *optimizer.ASK)
SPACES = {"matrices": MATRICES, "rows": ROWS}

every_optimizer = pytest.mark.parametrize("name", OPTIMIZERS)
every_space = pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)


@pytest.fixture(autouse=True)
def _installed(request):
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name")
    if name in LIBRARY:
        pytest.importorskip(LIBRARY[name], reason="pip install 'hswarm[optimizers]'")
    bayesian._replay.cache_clear()


def hill(x):
    """A smooth landscape whose top, 0, is within the space of matrices and that of rows."""
    top = np.linspace(1.0, 2.0, x.shape[1])
    return -((x - top / top.sum()) ** 2).sum(axis=1)


def origin(space, particles=6, dimensions=3):
    rng = np.random.default_rng(3)
    return np.stack([space.draw(dimensions, rng) for _ in range(particles)])


def begin(config, space, **shape):
    x = origin(space, **shape)
    swarm = pso.observe(optimizer.start(x, config), hill(x), np.ones(len(x), bool))
    return pso.set_off(swarm, config, 0, "test")


def go_on(swarm, config, space, *, steps, seed=0, utility=hill, scored=None):
    for _ in range(steps):
        swarm = optimizer.step(swarm, config, seed, "test", space)
        runs = np.ones(len(swarm), bool) if scored is None else scored
        swarm = pso.observe(swarm, utility(swarm.position), runs)
    return swarm


def as_text(swarm):
    return json.dumps(swarm.to_json(), allow_nan=False)


@every_optimizer
@every_space
def test_it_climbs_a_smooth_hill(name, space):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, space)
    last = go_on(swarm, config, space, steps=8)
    assert last.global_best_utility >= swarm.global_best_utility
    assert last.personal_best_utility.mean() > swarm.personal_best_utility.mean()


@every_optimizer
def test_the_seed_decides(name):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, MATRICES)
    run = partial(go_on, swarm, config, MATRICES, steps=2)
    assert as_text(run(seed=1)) == as_text(run(seed=1))
    assert as_text(run(seed=1)) != as_text(run(seed=2))


@every_optimizer
@every_space
def test_resumed_it_ends_in_the_same_state(name, space):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, space)
    whole = go_on(swarm, config, space, steps=4)
    for steps in range(4):
        half = go_on(swarm, config, space, steps=steps)
        bayesian._replay.cache_clear()  # another process
        half = SwarmState.from_json(json.loads(as_text(half)))
        assert as_text(go_on(half, config, space, steps=4 - steps)) == as_text(whole)


@every_optimizer
def test_numpys_own_generator_is_left_alone(name):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, MATRICES)
    go_on(swarm, config, MATRICES, steps=1)
    before = np.random.get_state()
    go_on(swarm, config, MATRICES, steps=2)
    after = np.random.get_state()
    assert before[2:] == after[2:]
    assert (before[1] == after[1]).all()


@every_optimizer
def test_rows_go_on_summing_to_one(name):
    config = PsoConfig(optimizer=name)
    last = go_on(begin(config, ROWS), config, ROWS, steps=3)
    assert last.position.sum(axis=1) == pytest.approx(1.0)


@every_optimizer
@pytest.mark.parametrize("known", [0, 1, 5])
def test_what_was_not_scored_breaks_nothing(name, known):
    def partly(x):
        return np.where(np.arange(len(x)) < known, hill(x), np.nan)

    config = PsoConfig(optimizer=name)
    x = origin(MATRICES)
    swarm = pso.observe(optimizer.start(x, config), partly(x), np.ones(len(x), bool))
    swarm = pso.set_off(swarm, config, 0, "test")
    last = go_on(swarm, config, MATRICES, steps=2, utility=partly)
    last = go_on(last, config, MATRICES, steps=1, scored=np.zeros(len(x), bool))
    assert np.isfinite(last.position).all()
    assert np.isinf(last.personal_best_utility).sum() == len(x) - known


@every_optimizer
@pytest.mark.parametrize("utility", [lambda x: np.zeros(len(x)), lambda x: 1e300 * x[:, 0]])
def test_plateaus_and_cliffs_leave_positions_finite(name, utility):
    config = PsoConfig(optimizer=name)
    last = go_on(begin(config, MATRICES), config, MATRICES, steps=4, utility=utility)
    assert np.isfinite(last.position).all()


@every_optimizer
@every_space
def test_few_particles_in_one_dimension(name, space):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, space, particles=5 if name == "de" else 2, dimensions=1)
    assert np.isfinite(go_on(swarm, config, space, steps=3).position).all()


@pytest.mark.parametrize("name", sorted(set(OPTIMIZERS) - {"cma-es", "de"}))
def test_a_lone_particle(name):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, MATRICES, particles=1)
    assert np.isfinite(go_on(swarm, config, MATRICES, steps=3).position).all()


@every_optimizer
def test_its_state_is_small(name):
    config = PsoConfig(optimizer=name)
    swarm = begin(config, MATRICES, particles=10, dimensions=100)
    swarm = optimizer.step(swarm, config, 0, "test", MATRICES)
    for _ in range(20):  # what is told takes room; what is asked is not kept
        swarm = pso.observe(swarm, hill(swarm.position) / 3, np.ones(10, bool))
    assert len(as_text(swarm)) < 100_000


def test_an_optimizer_that_forgets_keeps_nothing_of_what_it_was_told():
    swarm = go_on(begin(PsoConfig(), MATRICES), PsoConfig(), MATRICES, steps=1)
    assert swarm.origin is swarm.told is None


@pytest.mark.parametrize(("name", "fewest"), [("cma-es", 2), ("de", 5)])
def test_too_few_particles_are_refused_with_how_many_it_takes(name, fewest):
    optimizer.check(PsoConfig(optimizer=name), fewest)
    with pytest.raises(HswarmError, match=f"{fewest - 1} is not enough") as caught:
        optimizer.check(PsoConfig(optimizer=name), fewest - 1)
    assert f"{fewest} particles or more" in caught.value.hint


def test_differential_evolution_crosses_who_was_there_before_with_mutants():
    config = PsoConfig(optimizer="de")
    swarm = begin(config, MATRICES, particles=8, dimensions=30)
    seen = [*swarm.position]
    for _ in range(6):
        swarm = go_on(swarm, config, MATRICES, steps=1)
        for trial in swarm.position:
            kept = max(np.isclose(trial, before).mean() for before in seen)
            assert 0.05 < kept < 1.0
        seen += [*swarm.position]


@pytest.mark.parametrize(("name", "library"), LIBRARY.items())
def test_a_library_that_is_missing_is_named_with_how_to_install_it(monkeypatch, name, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(HswarmError, match=library) as caught:
        optimizer.check(PsoConfig(optimizer=name), 6)
    assert caught.value.hint == "pip install 'hswarm[optimizers]'"


@pytest.mark.parametrize("name", ["pso", "random"])
def test_the_others_need_no_library(monkeypatch, name):
    imported = builtins.__import__

    def refuse(module, *rest, **more):
        assert module not in LIBRARY.values()
        return imported(module, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)
    optimizer.check(PsoConfig(optimizer=name), 1)
    config = PsoConfig(optimizer=name)
    go_on(begin(config, MATRICES), config, MATRICES, steps=1)
