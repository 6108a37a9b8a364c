"""Whole models are blended from disk to disk as the weighted sum of their weights."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM

from hswarm.errors import HswarmError
from hswarm.experts.full import blend_full

DTYPES = [torch.float32, torch.bfloat16, torch.float16]


def make_model(folder, seed, dtype=torch.float32):
    """Write a two-file model with a table of integers and a number without dimensions."""
    folder.mkdir()
    draw = torch.Generator().manual_seed(seed)
    shards = {
        "one.safetensors": {
            "b": torch.randn(3, 5, generator=draw).to(dtype),
            "table": torch.arange(4),
        },
        "two.safetensors": {
            "a": torch.randn(7, generator=draw).to(dtype),
            "scalar": torch.randn((), generator=draw).to(dtype),
            "none": torch.zeros(0, 2, dtype=dtype),
        },
    }
    shards["two.safetensors"]["a"][0] = -0.0  # which adding to zero would lose
    for name, tensors in shards.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
    places = {key: name for name, tensors in shards.items() for key in tensors}
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(f'{{"seed": {seed}}}')
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    return folder


def tensors_of(folder):
    return {k: t for file in folder.glob("*.safetensors") for k, t in load_file(file).items()}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_blend_is_the_sum_in_float32_cast_to_the_storage_type(tmp_path, dtype):
    sources = [make_model(tmp_path / str(k), k, dtype) for k in range(3)]
    row = [0.5, -0.25, 0.7]
    blend_full(sources, row, tmp_path / "mix")
    made, parts = tensors_of(tmp_path / "mix"), [tensors_of(source) for source in sources]
    assert made.keys() == parts[0].keys()
    for name in ("a", "b", "scalar", "none"):
        wanted = sum(c * part[name].float() for c, part in zip(row, parts, strict=True))
        assert made[name].dtype == dtype
        assert torch.allclose(made[name], wanted.to(dtype), rtol=1e-6, atol=1e-6)
    assert torch.equal(made["table"], torch.arange(4))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_one_hot_row_copies_the_weights_bit_for_bit(tmp_path, dtype):
    sources = [make_model(tmp_path / str(k), k, dtype) for k in range(2)]
    blend_full(sources, [0.0, 1.0], tmp_path / "mix")
    for file in sources[1].glob("*.safetensors"):
        assert (tmp_path / "mix" / file.name).read_bytes() == file.read_bytes()


def test_a_row_of_zeros_is_zero(tmp_path):
    source = make_model(tmp_path / "0", 0, torch.bfloat16)
    blend_full([source], [0.0], tmp_path / "mix")
    made = tensors_of(tmp_path / "mix")
    assert made["a"].dtype == torch.bfloat16
    assert not made["a"].any()


def test_files_can_be_divided_otherwise(tmp_path):
    sources = [make_model(tmp_path / str(k), k) for k in range(2)]
    tensors = tensors_of(sources[1])
    for file in sources[1].glob("*safetensors*"):
        file.unlink()
    save_file(tensors, sources[1] / "model.safetensors")
    blend_full(sources, [0.5, 0.5], tmp_path / "mix")
    wanted = (tensors_of(sources[0])["b"] + tensors["b"]) / 2
    assert torch.allclose(tensors_of(tmp_path / "mix")["b"], wanted, atol=1e-6)


def test_what_makes_a_model_is_copied_and_nothing_else(tmp_path):
    source = make_model(tmp_path / "0", 0)
    blend_full([source], [0.5], tmp_path / "deep" / "mix")
    copied = {path.name for path in (tmp_path / "deep" / "mix").iterdir()}
    assert copied == {path.name for path in source.iterdir()} - {"pytorch_model.bin"}
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["mix"]


def test_transformers_loads_a_blend(models, tmp_path):
    base = LlamaForCausalLM.from_pretrained(models / "base")
    base.save_pretrained(tmp_path / "other", max_shard_size="20KB")
    blend_full([models / "base", tmp_path / "other"], [0.75, 0.25], tmp_path / "mix")
    made = LlamaForCausalLM.from_pretrained(tmp_path / "mix").state_dict()
    for name, tensor in base.state_dict().items():
        assert torch.allclose(made[name], tensor, atol=1e-6)


def drop(tensors):
    del tensors["a"]


def reshape(tensors):
    tensors["a"] = torch.zeros(8)


def recast(tensors):
    tensors["a"] = tensors["a"].half()


def renumber(tensors):
    tensors["table"] += 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop, "a is absent, not F32 of shape"),
        (reshape, r"a is F32 of shape \(8,\), not"),
        (recast, "a is F16"),
        (renumber, "table is I64 of shape .* and differs"),
    ],
)
def test_models_that_do_not_go_together_are_refused(tmp_path, change, message):
    sources = [make_model(tmp_path / str(k), k) for k in range(2)]
    for file in sources[1].glob("*.safetensors"):
        tensors = load_file(file)
        if {"a", "table"} & tensors.keys() and (change is renumber) == ("table" in tensors):
            change(tensors)
            save_file(tensors, file)
    with pytest.raises(HswarmError, match=message):
        blend_full(sources, [0.5, 0.5], tmp_path / "mix")
    assert not (tmp_path / "mix").exists()


def test_nothing_is_overwritten_and_malformed_rows_are_refused(tmp_path):
    source = make_model(tmp_path / "0", 0)
    with pytest.raises(HswarmError, match="exists already"):
        blend_full([source], [1.0], source)
    for row in ([], [0.5, 0.5], [float("nan")]):
        with pytest.raises(ValueError, match="finite"):
            blend_full([source], row, tmp_path / "mix")


def test_a_failure_leaves_nothing_behind(tmp_path, monkeypatch):
    source = make_model(tmp_path / "0", 0)
    monkeypatch.setattr(shutil, "copy", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        blend_full([source], [1.0], tmp_path / "mix")
    assert [path.name for path in tmp_path.iterdir()] == ["0"]
