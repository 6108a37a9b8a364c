"""What holds for every decoded matrix, however wild."""

import networkx as nx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode

CASES = settings(max_examples=100, deadline=None)

sizes = st.integers(1, 8)
anything = st.floats(allow_nan=False, allow_infinity=False)
matrices = sizes.flatmap(
    lambda n: arrays(np.float64, (n, n), elements=st.one_of(st.floats(0, 1), anything))
)
rules = st.sampled_from(["each", "one"])
nuclei = st.one_of(st.just(0.0), st.just(1.0), st.floats(0.0, 1.0))
thresholds = st.one_of(st.just(0.0), st.floats(0.0, 1.0))
seeds = st.integers(0, 2**32 - 1)
orders = st.booleans()


@CASES
@given(matrices, nuclei, rules, st.tuples(thresholds, orders), seeds)
def test_every_finite_matrix_decodes_to_one_end_that_all_reach(matrix, top_p, edges, rest, seed):
    tau, keyed = rest
    matrix.flags.writeable = False
    before = matrix.tobytes()
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        rng = np.random.default_rng(seed)
        dag = decode(matrix, top_p=top_p, edges=edges, threshold=tau, keyed=keyed, rng=rng)
    graph = dag.to_networkx()
    assert len(dag) == len(matrix)
    assert nx.is_directed_acyclic_graph(graph)
    assert [node for node in graph if graph.out_degree(node) == 0] == [dag.end]
    assert nx.ancestors(graph, dag.end) == set(graph) - {dag.end}
    if edges == "one":
        assert len(dag.edges) == len(matrix) - 1
    assert matrix.tobytes() == before


@CASES
@given(matrices, nuclei, rules, seeds)
def test_same_key_same_graph(matrix, top_p, edges, seed):
    first, second = (
        decode(matrix, top_p=top_p, edges=edges, rng=np.random.default_rng(seed)) for _ in range(2)
    )
    assert first == second


@CASES
@given(matrices, rules, orders, seeds, seeds)
def test_greedy_decoding_draws_nothing(matrix, edges, keyed, seed, other):
    first, second = (
        decode(matrix, top_p=0.0, edges=edges, keyed=keyed, rng=np.random.default_rng(s))
        for s in (seed, other)
    )
    assert first == second


@CASES
@given(matrices, nuclei, rules, thresholds, seeds)
def test_with_keys_nobody_reads_who_comes_later(matrix, top_p, edges, tau, seed):
    rng = np.random.default_rng(seed)
    dag = decode(matrix, top_p=top_p, edges=edges, threshold=tau, keyed=True, rng=rng)
    keys = np.diagonal(matrix)
    assert all(keys[reader] >= keys[read] for read, reader in dag.edges)


@CASES
@given(st.data(), st.integers(1, 8), rules)
def test_relabelling_the_nodes_relabels_the_graph(data, size, edges):
    # Powers of a number just above 1: no two sums of different entries are alike.
    ranks = data.draw(st.permutations(range(size * size)))
    matrix = (1.07 ** np.array(ranks, dtype=float)).reshape(size, size)
    order = data.draw(st.permutations(range(size)))
    rng = np.random.default_rng(0)
    dag = decode(matrix, top_p=0.0, edges=edges, rng=rng)
    relabelled = decode(matrix[np.ix_(order, order)], top_p=0.0, edges=edges, rng=rng)
    named_back = [(order[u], order[v]) for u, v in relabelled.edges]
    assert Dag.from_edges(size, named_back) == dag


@CASES
@given(matrices, nuclei, rules, thresholds, seeds)
def test_a_threshold_is_pruning_before_decoding(matrix, top_p, edges, tau, seed):
    pruned = np.where(matrix > tau, matrix, 0.0)
    settings = {"top_p": top_p, "edges": edges}
    assert decode(matrix, threshold=tau, rng=np.random.default_rng(seed), **settings) == decode(
        pruned, rng=np.random.default_rng(seed), **settings
    )
