"""Methods that learn who reads whom: their parts, on numbers that can be checked by hand."""

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hswarm.baselines.agent_prune import prune
from hswarm.baselines.attempt import attempt
from hswarm.baselines.gnn import LinkPredictor, Trial, addable, fit
from hswarm.baselines.gpt_swarm import interpolate
from hswarm.baselines.gpt_swarm_reinforce import draw_edges, policy_gradient
from hswarm.baselines.trials import Trials
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.shapes import chain, debate

sys.path.insert(0, str(Path(__file__).parent))
from arena import make_trials


def test_matrices_go_halfway_to_the_utility_weighted_mean():
    matrices = np.arange(8.0).reshape(2, 2, 2)
    moved = interpolate(matrices, np.array([0.2, 0.5]))

    # Above the lowest utility the second has .3 and the first nothing: the mean is the second.
    assert moved[1] == pytest.approx(matrices[1])
    assert moved[0] == pytest.approx((matrices[0] + matrices[1]) / 2)


@pytest.mark.parametrize("utilities", [[0.4, 0.4], [np.nan, np.nan]])
def test_without_differences_everybody_counts_alike(utilities):
    matrices = np.arange(8.0).reshape(2, 2, 2)
    mean = matrices.mean(axis=0)

    assert interpolate(matrices, np.array(utilities))[0] == pytest.approx((matrices[0] + mean) / 2)


@given(st.integers(2, 7), st.integers(0, 10**6))
def test_drawn_edges_make_a_graph(size, seed):
    dag, score = draw_edges(np.full((size, size), 0.4), np.random.default_rng(seed))

    assert len(dag) == size
    drawn = score > 0
    assert all((u, v) in dag.edges for u, v in np.argwhere(drawn).tolist())
    assert score[drawn] == pytest.approx(0.6)
    assert set(np.unique(score.round(12))) <= {0.6, -0.4, 0.0}


def test_the_policy_gradient_is_reinforce_by_hand():
    up, down = np.array([[0.0, 0.5], [-0.5, 0.0]]), np.array([[0.0, -0.5], [0.5, 0.0]])
    gradient = policy_gradient([up, down], np.array([1.0, 0.0]))

    # Advantages are +1 and -1, over two graphs.
    assert gradient == pytest.approx((up - down) / 2)
    assert not policy_gradient([up, down], np.array([0.3, 0.3])).any()
    assert not policy_gradient([up, down], np.array([0.3, np.nan])).any()


class Overheard(Trials):
    """Trials that know what they told."""

    utilities = ()

    async def enter(self, candidates):
        told = await super().enter(candidates)
        self.utilities = [*self.utilities, *told]
        return told


@pytest.mark.parametrize("method", ["gpt-swarm", "gpt-swarm-reinforce"])
def test_the_rounds_improve(method):
    means = []
    for seed in range(5):
        trials = Overheard(make_trials(seed).setting)
        asyncio.run(attempt(method, trials))
        means.append((np.mean(trials.utilities[:20]), np.mean(trials.utilities[-20:])))
    first, last = np.mean(means, axis=0)
    assert last > first


@given(st.integers(2, 8), st.integers(0, 10**6), st.sampled_from([0.25, 0.5, 0.75, 1.0]))
def test_pruning_cuts_the_weakest_and_leaves_a_graph(size, seed, degree):
    rng = np.random.default_rng(seed)
    likelihood = rng.random((size, size))
    dag = decode(likelihood, top_p=0.8, edges="each", rng=rng)
    pruned = prune(dag, likelihood, degree)

    assert set(pruned.edges) <= set(dag.edges)
    cut = len(dag.edges) - len(pruned.edges)
    assert cut == min(int(degree * len(dag.edges)), len(dag.edges) - (size - 1))


def test_pruning_by_hand():
    likelihood = np.zeros((4, 4))
    likelihood[0, 1], likelihood[0, 2], likelihood[0, 3] = 0.1, 0.9, 0.5
    dag = Dag.from_edges(4, [(0, 1), (0, 2), (0, 3), (1, 3), (2, 3)])

    # 1 → 3 and 2 → 3, of likelihood 0, are their sources' only edges.
    assert prune(dag, likelihood, 0.2).edges == [(0, 2), (0, 3), (1, 3), (2, 3)]
    assert prune(dag, likelihood, 0.8).edges == [(0, 2), (1, 3), (2, 3)]


def test_of_a_budget_nothing_is_left_over_where_little_can_be_cut():
    trials = make_trials(limit=20)
    asyncio.run(attempt("agent-prune", trials))
    assert trials.setting.tally.spent == 20


def test_edges_that_may_be_added():
    assert addable(chain([0, 1, 2])) == [(0, 2)]
    assert all(Dag.from_edges(5, [*debate(range(5)).edges, e]) for e in addable(debate(range(5))))


def test_the_predictor_learns_which_edges_help():
    dags = [chain([0, 1, 2, 3]), chain([0, 2, 1, 3]), chain([1, 0, 2, 3])]
    # What helps is being read by node 3.
    learned = [Trial(dag, edge, edge[1] == 3) for dag in dags for edge in addable(dag)]
    model = fit(learned, 4, seed=0)

    for trial in learned:
        assert (model.predict(trial.dag)[trial.edge] > 0.5) == trial.rose


def test_predictions_depend_on_the_graph_and_the_seed_alone():
    trial = [Trial(chain([0, 1, 2]), (0, 2), True)]
    one, same, other = (fit(trial, 3, seed).predict(chain([0, 1, 2])) for seed in (0, 0, 1))

    assert (one == same).all()
    assert (one != other).any()
    assert (one.diagonal() == 0).all()
    assert isinstance(fit([], 3, 0), LinkPredictor)
