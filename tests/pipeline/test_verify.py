"""Verifying: what is whole passes, and what has changed is named."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from hswarm.config import EngineConfig
from hswarm.errors import HswarmError
from hswarm.experts.adapter import open_adapter
from hswarm.experts.fingerprint import hash_weights
from hswarm.pipeline import verify as verifying
from hswarm.pipeline.folder import write_sums
from hswarm.pipeline.verify import Verified, verify

ENGINE = EngineConfig(threads=1)


def test_what_was_exported_is_verified(exported):
    files = sum(path.is_file() for path in exported.rglob("*"))

    assert verify(exported, engine=ENGINE) == Verified(files=files, nodes=4, adapters=3, golden=2)


def reword(folder, change):
    """Change the golden answers as `change` says, and the checksums with them."""
    golden = folder / "golden.jsonl"
    items = [json.loads(line) for line in golden.read_text().splitlines()]
    change(items)
    golden.write_text("".join(json.dumps(item) + "\n" for item in items))
    write_sums(folder)


def test_the_first_node_that_says_something_else_is_named(own):
    def change(items):
        for node in (0, 2):  # 2 reads 0
            items[1]["turns"][node]["answer"] = "something else"
        items[1]["answer"] = "something else"

    reword(own, change)
    with pytest.raises(HswarmError, match=r"1 of 2 .* item 'dev-0001' .* node 0 \(jobs\), .*said"):
        verify(own, engine=ENGINE)


def test_a_prompt_that_was_worded_otherwise_is_told_from_an_answer(own):
    def change(items):
        items[0]["turns"][3]["prompt"] = "Please reply."

    reword(own, change)
    with pytest.raises(HswarmError, match=r"node 3 \(jobs\), which was given .* 'Please reply.'"):
        verify(own, engine=ENGINE)


def test_other_weights_with_the_papers_to_match_are_caught_by_the_answers(own):
    lock = json.loads((own / "models.lock.json").read_text())
    agent = lock["agents"]["friends"]
    weights = own / "adapters" / agent["folder"] / "adapter_model.safetensors"
    tensors = {name: torch.zeros_like(tensor) for name, tensor in load_file(weights).items()}
    save_file(tensors, weights, metadata={"format": "pt"})
    agent["fingerprint"] = hash_weights(open_adapter("friends", weights.parent).tensors)
    (own / "models.lock.json").write_text(json.dumps(lock))
    write_sums(own)

    with pytest.raises(HswarmError, match=r"first to differ is node 1 \(friends\)"):
        verify(own, engine=ENGINE)


def test_the_hint_names_a_package_of_another_version(own, monkeypatch):
    reword(own, lambda items: items[0]["turns"][1].update(answer="something else"))
    monkeypatch.setattr(verifying, "version", lambda package: "0.0")

    with pytest.raises(HswarmError) as caught:
        verify(own, engine=ENGINE)
    assert "torch 0.0 instead of" in caught.value.hint
