"""What the tiny models are taught: each expert its own, the base nothing but to read and relay."""

from itertools import chain, islice

import numpy as np
import pytest

from hswarm.tasks.bundled.world import RELATIONS, shared_world
from hswarm.tiny.corpus import exchanges
from hswarm.tiny.measure import draw_probes
from hswarm.tiny.skills import SKILLS


def draw(skills, count, *, seed=0, **how):
    return list(islice(exchanges(skills, np.random.default_rng(seed), **how), count))


def test_the_same_seed_teaches_the_same():
    assert draw(["multiply"], 50) == draw(["multiply"], 50)
    assert draw(["multiply"], 50) != draw(["multiply"], 50, seed=1)


def test_the_base_contributes_nothing_of_its_own():
    assert not any(exchange.contributed for exchange in draw([], 300))


@pytest.mark.parametrize("skill", list(SKILLS))
def test_focused_exchanges_are_about_the_experts_own_steps(skill):
    focused = draw(SKILLS[skill], 60, focus=1.0)

    assert all(exchange.contributed for exchange in focused)
    assert all(exchange.contributed in exchange.response for exchange in focused)


@pytest.mark.parametrize("relation", [r for r in RELATIONS if r in chain(*SKILLS.values())])
def test_an_expert_of_facts_contributes_those_of_the_shared_world_only(relation):
    table = shared_world().tables[relation]
    for exchange in draw([relation], 60, focus=1.0):
        assert any(
            subject in exchange.contributed and str(value) in exchange.contributed
            for subject, value in table.items()
        )


@pytest.mark.parametrize("skill", list(SKILLS))
def test_a_probe_asks_for_a_step_that_is_not_in_its_prompt(skill):
    for probe in draw_probes(SKILLS[skill], 40):
        assert probe.contributed
        assert probe.contributed not in probe.prompt
        assert probe.contributed in probe.response
