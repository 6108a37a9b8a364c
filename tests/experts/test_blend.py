"""A coefficient row stands for Σ_j row[j] · expert_j, exactly: the ground of coefficient space."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from hswarm.config import PsoConfig
from hswarm.experts.blend import blend, save_adapter, stack_experts
from hswarm.swarm import pso

NAMES = ("ann", "bob", "cat", "dan")
WEIGHTS = "adapter_model.safetensors"

coefficient = st.floats(-3, 3, allow_subnormal=False)
rows = st.lists(coefficient, min_size=4, max_size=4)


@pytest.fixture(scope="module")
def stack(family):
    return stack_experts(family)


@pytest.fixture(scope="module")
def experts(models):
    """The state dicts of the experts, as PEFT wrote them."""
    return [load_file(models / name / WEIGHTS) for name in NAMES]


def same_bits(a, b):
    return a.keys() == b.keys() and all(
        torch.equal(a[k].contiguous().view(torch.int32), b[k].view(torch.int32)) for k in b
    )


@pytest.mark.parametrize("place", range(4))
def test_a_one_hot_row_is_the_expert_bit_for_bit(stack, experts, place):
    row = [0.0, -0.0, 0.0, 0.0]
    row[place] = 1.0
    assert same_bits(blend(stack, row), experts[place])


def test_bits_survive_that_arithmetic_would_lose(own, opened):
    tensors = load_file(own / "bob" / WEIGHTS)
    name = next(iter(tensors))
    tensors[name].view(-1)[:2] = torch.tensor([-0.0, 1e-45])
    save_file(tensors, own / "bob" / WEIGHTS)
    assert same_bits(blend(stack_experts(opened(own)), [0, 1, 0, 0]), tensors)


@given(rows)
def test_a_blend_is_the_weighted_sum(stack, experts, row):
    for name, tensor in blend(stack, row).items():
        wanted = sum(c * expert[name].double() for c, expert in zip(row, experts, strict=True))
        assert torch.allclose(
            tensor.double(), wanted, rtol=0, atol=1e-6 * (1 + 3 * sum(map(abs, row)))
        )


@given(rows, rows, coefficient, coefficient)
def test_blends_are_linear(stack, x, y, a, b):
    combined = blend(stack, [a * p + b * q for p, q in zip(x, y, strict=True)])
    bx, by = blend(stack, x), blend(stack, y)
    scale = 1 + abs(a) * sum(map(abs, x)) + abs(b) * sum(map(abs, y))
    for name, tensor in combined.items():
        assert torch.allclose(tensor, a * bx[name] + b * by[name], rtol=0, atol=1e-6 * scale)


@given(rows)
def test_equal_rows_give_equal_bits_wherever_they_land(stack, row):
    slots = torch.full((3, stack.size), torch.nan)
    fresh = blend(stack, row)
    for slot in slots:
        placed = blend(stack, row, slot)
        assert all(torch.equal(placed[name], fresh[name]) for name in fresh)
    together = stack.split(slots)
    for name, tensor in fresh.items():
        assert together[name].shape == (3, *tensor.shape)
        assert torch.equal(together[name][1], tensor)


def test_blends_do_not_touch_the_experts(stack, experts):
    for tensor in blend(stack, [0, 0, 1, 0]).values():
        tensor.fill_(9.0)
    assert same_bits(blend(stack, [0, 0, 1, 0]), experts[2])


@pytest.mark.parametrize("row", [[1.0], [0.1] * 5, [], [float("nan"), 0, 0, 0], [0, 0, 0, np.inf]])
def test_a_malformed_row_is_refused(stack, row):
    with pytest.raises(ValueError, match="4 finite"):
        blend(stack, row)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_experts_are_blended_in_float32(own, opened, dtype):
    halves = []
    for name in NAMES:
        file = own / name / WEIGHTS
        halves.append({k: t.to(dtype) for k, t in load_file(file).items()})
        save_file(halves[-1], file)
    stack = stack_experts(opened(own))
    assert same_bits(blend(stack, [0, 0, 0, 1]), {k: t.float() for k, t in halves[3].items()})
    for name, tensor in blend(stack, [0.3, 0.7, 0, 0]).items():
        wanted = 0.3 * halves[0][name].double() + 0.7 * halves[1][name].double()
        assert torch.allclose(tensor.double(), wanted, rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_swarm_of_rows_is_the_swarm_of_models(stack, seed):
    """PSO on coefficient rows and on whole flattened adapters, same draws: the same models."""
    matrix = stack.matrix.double().numpy()
    target = np.random.default_rng(seed).normal(size=4) @ matrix
    config = PsoConfig(restart_patience=3)
    everyone = np.ones(6, dtype=np.bool_)

    def utility(models):
        return -np.linalg.norm(models - target, axis=1)

    crossed = np.random.default_rng(seed + 100).dirichlet(np.ones(4), size=2)
    rows = pso.start(np.vstack([np.eye(4), crossed]))
    models = pso.start(rows.position @ matrix)
    rows = pso.set_off(
        pso.observe(rows, utility(rows.position @ matrix), everyone), config, seed, "w"
    )
    models = pso.set_off(pso.observe(models, utility(models.position), everyone), config, seed, "w")
    for _ in range(20):
        rows, models = (pso.step(state, config, seed, "w") for state in (rows, models))
        rows = pso.observe(rows, utility(rows.position @ matrix), everyone)
        models = pso.observe(models, utility(models.position), everyone)
        blends = np.stack([flat(stack, row) for row in rows.position])
        assert relative_error(blends, models.position) < 1e-5
        assert relative_error(flat(stack, rows.global_best), models.global_best) < 1e-5
        assert relative_error(rows.velocity @ matrix, models.velocity) < 1e-5
    assert not np.allclose(models.position[:4], matrix, atol=0.05)


def flat(stack, row):
    out = torch.empty(stack.size)
    blend(stack, row.tolist(), out)
    return out.numpy()


def relative_error(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


def test_a_saved_blend_is_what_peft_loads(models, family, stack, tmp_path):
    row = [0.5, -0.25, 0.75, 0.1]
    save_adapter(family, row, tmp_path / "mix")
    tensors = blend(stack, row)
    assert same_bits(tensors, load_file(tmp_path / "mix" / WEIGHTS))

    ids = torch.arange(24).reshape(2, 12)
    with torch.inference_mode():
        base = LlamaForCausalLM.from_pretrained(models / "base").eval()
        plain = base(ids).logits
        loaded = PeftModel.from_pretrained(base, tmp_path / "mix").eval()(ids).logits
        merged = LlamaForCausalLM.from_pretrained(models / "base").eval()
        for module, _ in family.modules.items():
            a, b = (tensors[f"base_model.model.{module}.lora_{side}.weight"] for side in "AB")
            merged.get_submodule(module).weight += family.scale.factor * b @ a
        assert torch.allclose(loaded, merged(ids).logits, atol=1e-5)
        assert not torch.allclose(loaded, plain, atol=1e-2)


def test_a_saved_expert_is_the_expert_and_opens_as_one(own, opened, family, tmp_path):
    save_adapter(family, [0, 0, 1, 0], own / "eve")
    again = opened(own, ("ann", "eve"))
    assert again.experts[1].fingerprint == family.experts[2].fingerprint
    with pytest.raises(FileExistsError):
        save_adapter(family, [0, 0, 1, 0], own / "eve")
