"""Safetensors files are read by their headers, and what is damaged is refused."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hswarm.errors import HswarmError
from hswarm.experts.folder import first_not_finite, read_tensors, weight_files


@pytest.fixture
def file(tmp_path):
    tensors = {
        "w": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "h": torch.tensor([1.5, -2.0], dtype=torch.bfloat16),
        "i": torch.tensor([7], dtype=torch.int64),
        "none": torch.zeros(0, 4),
    }
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    return tmp_path / "model.safetensors"


def test_tensors_are_found_where_they_are(file):
    tensors = read_tensors([file])
    assert {name: (t.dtype, t.shape) for name, t in tensors.items()} == {
        "w": ("F32", (2, 3)),
        "h": ("BF16", (2,)),
        "i": ("I64", (1,)),
        "none": ("F32", (0, 4)),
    }
    assert np.array_equal(tensors["w"].bytes().view("<f4"), np.arange(6))
    assert tensors["i"].bytes().view("<i8") == [7]
    assert tensors["none"].bytes().size == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:5],
        lambda data: data[:40],
        lambda data: data[:-1],
        lambda data: b"version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
        lambda data: b"\x02" + b"\x00" * 7 + b"[]",
        lambda data: b"\x02" + b"\x00" * 7 + b"{}",
        lambda data: data.replace(b"[2,3]", b"[2,4]"),
        lambda data: data.replace(b'"shape"', b'"shap_"'),
    ],
)
def test_a_damaged_file_is_refused(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(HswarmError, match="not a complete safetensors file"):
        read_tensors([file])


def test_a_missing_shard_is_refused(tmp_path):
    index = {"weight_map": {"a": "x-2.safetensors", "b": "x-1.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    files = weight_files(tmp_path)
    assert [path.name for path in files] == ["x-1.safetensors", "x-2.safetensors"]
    with pytest.raises(HswarmError, match=r"x-1\.safetensors cannot be read"):
        read_tensors(files)


def test_an_index_stays_inside_its_folder(tmp_path):
    index = {"weight_map": {"a": "../../etc/passwd"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    assert weight_files(tmp_path) == [tmp_path / "passwd"]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_every_kind_of_not_finite_is_found(tmp_path, dtype, value):
    fine = torch.tensor([0.0, -0.0, torch.finfo(dtype).max, torch.finfo(dtype).min], dtype=dtype)
    broken = fine.clone()
    broken[2] = value
    save_file({"a": fine}, tmp_path / "fine.safetensors")
    save_file({"a": fine, "b": broken}, tmp_path / "broken.safetensors")
    assert first_not_finite(read_tensors([tmp_path / "fine.safetensors"])) is None
    assert first_not_finite(read_tensors([tmp_path / "broken.safetensors"])) == "b"
