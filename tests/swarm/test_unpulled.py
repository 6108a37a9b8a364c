"""An expert's pulls taken out: the paper's formula, on the rows and on the models themselves."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hswarm.swarm.unpulled import without_pulls
from hswarm.swarm.walk import draw_weights

sys.path.insert(0, str(Path(__file__).parent))
from walked import history_of, walk_of

PARAMETERS = 50
"""Of each flattened adapter."""


def as_printed(history, models, gone, walk):
    """Model Swarms, appendix B, on flattened adapters, shape (n, D): x̃ of everybody else.

    One particle per expert, nobody set off towards the removed one.
    """
    config, particles = walk.config, len(models)
    x, p, v = models.copy(), models.copy(), np.zeros_like(models)
    best = np.full(particles, -np.inf)
    worst_utility, best_utility = np.inf, -np.inf
    g, g_w = (None, None), (None, None)
    stale = np.zeros(particles, int)

    def look(utilities):
        nonlocal g, g_w, best_utility, worst_utility
        for i, f in enumerate(utilities):
            stale[i] += 1
            if f > best[i]:
                best[i], p[i], stale[i] = f, x[i], 0
        for i, f in enumerate(utilities):
            if f > best_utility:
                best_utility, g = f, (x[i].copy(), i)
            if f < worst_utility:
                worst_utility, g_w = f, (x[i].copy(), i)

    look(history[0].utilities)
    length = config.step_length
    for t, moment in enumerate(history[1:], start=1):
        weights = draw_weights(particles, config, walk.seed, walk.purpose, t)
        for i in range(particles):
            if stale[i] >= config.restart_patience:
                x[i], v[i], stale[i] = p[i], 0.0, 0
            r_v, r_p, r_g, r_w = weights[i]
            lam = length
            terms = [(r_v * lam, v[i].copy()), (r_p * lam, p[i].copy())]
            terms.append((1 - lam * (r_p + r_g - r_w), x[i].copy()))
            whole = sum(w for w, _ in terms) + lam * r_g + lam * r_w
            if g[1] != gone:
                terms.append((lam * r_g, g[0]))
            kept = sum(w for w, _ in terms)
            if g_w[1] != gone:
                kept += lam * r_w
                terms.append((-lam * r_w, g_w[0]))
            v[i] = r_v * v[i] + r_p * p[i] - (r_p + r_g - r_w) * x[i]
            v[i] += r_g * g[0] if g[1] != gone else 0.0
            v[i] -= r_w * g_w[0] if g_w[1] != gone else 0.0
            x[i] = whole / kept * sum(w * place for w, place in terms)
        length = max(length * config.step_decay, min(config.step_min, length))
        look(moment.utilities)
    others = [i for i in range(particles) if i != gone]
    return x[others], v[others], p[others]


def test_gains_are_counted_anew_where_they_were():
    walk = walk_of(2, initial_velocity="zero")
    anew = history_of(walk, particles=4, steps=12, rebased=frozenset({0, 5}))
    never = [replace(moment, rebased=False) for moment in anew]
    rows = [without_pulls(h, 1, 1, np.eye(3), walk).position for h in (anew, never)]
    assert not np.allclose(*rows)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("gone", [0, 2])
def test_the_rows_are_those_of_the_paper_s_formula_on_the_flattened_adapters(seed, gone):
    walk = walk_of(seed, initial_velocity="zero")
    history = history_of(walk, experts=4, particles=4, steps=12)
    models = np.random.default_rng(seed).normal(size=(4, PARAMETERS))
    x, v, p = as_printed(history, models, gone, walk)
    clean = without_pulls(history, gone, gone, np.eye(3), walk)
    left = np.delete(models, gone, axis=0)
    np.testing.assert_allclose(clean.position @ left, x, rtol=0, atol=1e-6)
    np.testing.assert_allclose(clean.velocity @ left, v, rtol=0, atol=1e-6)
    np.testing.assert_allclose(clean.personal_best @ left, p, rtol=0, atol=1e-6)


def test_without_the_formula_it_would_be_elsewhere():
    walk = walk_of(0, initial_velocity="zero")
    history = history_of(walk, experts=4, particles=4, steps=12)
    clean = without_pulls(history, 0, 0, np.eye(3), walk)
    assert np.abs(history[-1].state.position[1:, 1:] - clean.position).max() > 0.01


@pytest.mark.parametrize("velocity", ["random", "best"])
@pytest.mark.parametrize("crossover", [True, False])
def test_nothing_of_the_expert_is_left(velocity, crossover):
    """Where it was interpolated with, or set off towards, too: its model makes no difference."""
    walk = walk_of(3, initial_velocity=velocity, crossover=crossover)
    history = history_of(walk, experts=4, particles=7, steps=10)
    home = np.eye(3)[np.arange(6) % 3]
    clean = without_pulls(history, 1, 1, home, walk)
    assert clean.position.shape == (6, 3)
    whole = history[-1].state
    assert np.abs(whole.position[:, 1]).max() > 0.01, "there was something to take out"
    known = np.isfinite(clean.personal_best_utility)
    kept = np.delete(whole.personal_best, 1, axis=0)[known]
    np.testing.assert_array_equal(clean.personal_best[known], np.delete(kept, 1, axis=1))
    assert (kept[:, 1] == 0.0).all()


def test_who_never_led_was_never_felt():
    walk = walk_of(0, initial_velocity="zero")
    history = history_of(walk, experts=4, particles=4, steps=12)
    led = set()
    for moment in history:
        led |= {int(np.nanargmax(moment.utilities)), int(np.nanargmin(moment.utilities))}
    quiet = sorted(set(range(4)) - led)
    for gone in quiet:
        clean = without_pulls(history, gone, gone, np.eye(3), walk)
        kept = np.delete(np.delete(history[-1].state.position, gone, 0), gone, 1)
        np.testing.assert_allclose(clean.position, kept, rtol=0, atol=1e-12)
