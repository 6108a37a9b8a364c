"""Merges of experts against the formulas of their papers, on small dense matrices."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hswarm.experts.change import Factors, combine, factor, state_dict
from hswarm.experts.merge import dare_ties, model_stock, slerp


def changes(count, *, modules=("a", "b"), seed=0, rank=2):
    rng = torch.Generator().manual_seed(seed)
    return [
        {
            module: Factors(
                torch.randn(5, rank, generator=rng), torch.randn(rank, 6, generator=rng)
            )
            for module in modules
        }
        for _ in range(count)
    ]


def dense(change, module="a") -> np.ndarray:
    return change[module].dense().double().numpy()


def test_the_inner_product_is_that_of_the_matrices():
    one, other = changes(2)
    assert one["a"].dot(other["a"]) == pytest.approx((dense(one) * dense(other)).sum(), rel=1e-5)


def test_a_weighted_sum_is_exact():
    one, other = changes(2)
    mixed = combine([one, other], lambda module: (0.25, -2.0) if module == "a" else (1.0, 0.0))

    assert dense(mixed) == pytest.approx(0.25 * dense(one) - 2.0 * dense(other), abs=1e-5)
    assert dense(mixed, "b") == pytest.approx(dense(one, "b"), abs=1e-6)


def test_an_adapter_holds_the_change_at_the_largest_rank():
    mixed = {"a": changes(1, rank=3)[0]["a"], "b": changes(1, rank=1)[0]["b"]}
    tensors, rank = state_dict(mixed)

    assert rank == 3
    for module in "ab":
        up, down = (tensors[f"base_model.model.{module}.lora_{side}.weight"] for side in "BA")
        assert (up.shape, down.shape) == ((5, 3), (3, 6))
        assert (up @ down).numpy() == pytest.approx(dense(mixed, module), abs=1e-5)


@given(st.integers(1, 5))
def test_a_matrix_is_cut_to_its_largest_singular_values(rank):
    matrix = torch.randn(5, 6, generator=torch.Generator().manual_seed(rank))
    u, s, v = np.linalg.svd(matrix.double().numpy(), full_matrices=False)

    best = (u[:, :rank] * s[:rank]) @ v[:rank]
    assert factor(matrix, rank).dense().numpy() == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize("t", [0.0, 0.3, 0.5, 1.0])
def test_slerp_is_shoemakes(t):
    one, other = changes(2)
    merged = slerp(one, other, t)

    for module in "ab":
        a, b = dense(one, module), dense(other, module)
        angle = np.arccos((a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b))
        wanted = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)
        assert dense(merged, module) == pytest.approx(wanted, abs=1e-4)


def test_slerp_of_parallel_experts_is_their_mean():
    (one,) = changes(1)
    double = combine([one], lambda module: (2.0,))

    assert dense(slerp(one, double)) == pytest.approx(1.5 * dense(one), abs=1e-5)


@pytest.mark.parametrize("count", [2, 3, 5])
def test_model_stock_is_that_of_jang_et_al(count):
    """w = t·w_avg + (1−t)·w₀ with t = k·cos θ / (1 + (k−1)·cos θ), on whole weights."""
    (centre,) = changes(1, seed=7)
    near = [combine([centre, apart], lambda module: (1.0, 0.4)) for apart in changes(count, seed=8)]
    merged = model_stock(near)

    base = np.random.default_rng(0).normal(size=(5, 6))
    whole = [base + dense(change) for change in near]
    offsets = [w - base for w in whole]
    pairs = [
        (a * b).sum() / np.linalg.norm(a) / np.linalg.norm(b)
        for k, a in enumerate(offsets)
        for b in offsets[:k]
    ]
    cosine = np.mean(pairs)
    assert cosine > 0
    t = count * cosine / (1 + (count - 1) * cosine)
    wanted = t * np.mean(whole, axis=0) + (1 - t) * base
    assert base + dense(merged) == pytest.approx(wanted, abs=1e-4)


def test_model_stock_of_contradicting_experts_is_the_base():
    (one,) = changes(1)
    assert not dense(model_stock([one, combine([one], lambda module: (-1.0,))])).any()


def test_dare_ties_of_everything_is_ties_without_trimming():
    some = changes(3)
    merged = dare_ties(some, density=1.0, seed=0, rank=5)

    stacked = np.stack([dense(change) for change in some])
    elected = np.where(stacked.sum(axis=0) >= 0, 1, -1)
    agrees = np.sign(stacked) == elected
    wanted = (stacked * agrees).sum(axis=0) / np.maximum(agrees.sum(axis=0), 1)
    assert dense(merged) == pytest.approx(wanted, abs=1e-4)


def test_dare_keeps_the_share_it_says_at_the_size_that_keeps_the_mean():
    size = 400
    rng = torch.Generator().manual_seed(0)
    change = {"a": Factors(torch.randn(size, 1, generator=rng), torch.ones(1, size))}
    thinned = dense(dare_ties([change], density=0.3, seed=1, rank=size))

    kept = np.abs(thinned) > 1e-3
    assert kept.mean() == pytest.approx(0.3, abs=0.01)
    assert thinned[kept] == pytest.approx((dense(change) / 0.3)[kept], rel=1e-2, abs=1e-3)


def test_dare_draws_by_its_seed():
    some = changes(2)
    one, same, other = (
        dense(dare_ties(some, density=0.5, seed=seed, rank=5)) for seed in (0, 0, 1)
    )
    assert (one == same).all()
    assert (one != other).any()
