"""Families: what belongs together is fingerprinted by content, what does not is refused."""

import json
import shutil
from types import SimpleNamespace

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, LlamaForCausalLM

from hswarm.errors import HswarmError
from hswarm.experts import family as family_module
from hswarm.experts.family import open_family

WEIGHTS = "adapter_model.safetensors"
Q = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"


def edit_json(path, **changes):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_adapter(folder, **changes):
    edit_json(folder / "adapter_config.json", **changes)


def edit_tensors(file, change):
    tensors = {name: tensor.clone() for name, tensor in load_file(file).items()}
    change(tensors)
    save_file(tensors, file)


def refused(opened, root, message, **options):
    """Open the family in `root` and return the error, which must match and be one line."""
    with pytest.raises(HswarmError, match=message) as caught:
        opened(root, **options)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert caught.value.hint
    return caught.value


def test_a_family_knows_its_experts_their_scale_and_their_layers(models, family):
    assert [expert.name for expert in family.experts] == ["ann", "bob", "cat", "dan"]
    assert (family.scale.rank, family.scale.alpha, family.scale.factor) == (4, 8.0, 2.0)
    assert list(family.modules) == sorted(
        f"model.layers.{layer}.{module}"
        for layer in (0, 1)
        for module in ("self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj")
    )
    assert family.modules["model.layers.1.mlp.down_proj"] == (32, 48)
    assert family.modules["model.layers.0.self_attn.v_proj"] == (16, 32)
    assert family.base == models / "base"
    assert len(family) == 4
    assert not family.trust_remote_code


# Fingerprints


def test_the_fingerprint_ignores_places_and_names(models, own, opened, family):
    for name in ("ann", "bob", "cat", "dan"):
        (own / name).rename(own / name.upper())
    moved = opened(own, ("ANN", "BOB", "CAT", "DAN"))
    assert moved.fingerprint == family.fingerprint
    assert len(family.fingerprint) == 64


def test_the_fingerprint_ignores_how_the_base_is_spread_over_files(own, opened, family):
    base = LlamaForCausalLM.from_pretrained(own / "base")
    (own / "base" / "model.safetensors").unlink()
    base.save_pretrained(own / "base", max_shard_size="20KB")
    assert (own / "base" / "model.safetensors.index.json").is_file()
    edit_json(own / "base" / "config.json", transformers_version="9.9", _name_or_path="/x")
    assert opened(own).fingerprint == family.fingerprint


def nudge(name):
    def change(tensors):
        tensors[name].view(-1)[0] += 1e-3

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda own: edit_tensors(own / "bob" / WEIGHTS, nudge(Q)),
        lambda own: edit_tensors(
            own / "base" / "model.safetensors", nudge("model.layers.0.mlp.up_proj.weight")
        ),
        lambda own: edit_json(own / "base" / "config.json", rms_norm_eps=1e-3),
        lambda own: edit_json(own / "base" / "generation_config.json", eos_token_id=7),
        lambda own: (own / "base" / "tokenizer.json").write_text("{}"),
        lambda own: (own / "base" / "chat_template.jinja").write_text("{{ messages }}"),
        lambda own: [edit_adapter(own / n, lora_alpha=9) for n in ("ann", "bob", "cat", "dan")],
    ],
    ids=["expert", "base", "config", "generation", "tokenizer", "template", "alpha"],
)
def test_the_fingerprint_sees_every_content(own, opened, family, change):
    change(own)
    assert opened(own).fingerprint != family.fingerprint


def test_the_fingerprint_sees_order_prompt_and_the_code_that_may_run(own, opened, family):
    reordered = opened(own, ("bob", "ann", "cat", "dan"))
    assert {e.fingerprint for e in reordered.experts} == {e.fingerprint for e in family.experts}
    assert reordered.fingerprint != family.fingerprint
    assert opened(own, prompt="chat").fingerprint != family.fingerprint
    (own / "base" / "modelling.py").write_text("pass")
    assert opened(own).fingerprint == family.fingerprint
    assert opened(own, trust_remote_code=True).fingerprint != family.fingerprint


# Adapters that cannot be blended


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"peft_type": "IA3"}, "'bob' cannot be blended.* of type IA3"),
        ({"use_dora": True}, "DoRA"),
        ({"modules_to_save": ["lm_head"]}, "whole trained modules"),
        ({"bias": "lora_only"}, "biases"),
        ({"lora_bias": True}, "biases"),
        ({"rank_pattern": {"q_proj": 2}}, "a rank per module"),
        ({"init_lora_weights": "pissa_niter_4"}, "a changed base .pissa_niter_4"),
        ({"use_rslora": True}, "'bob' does not go with 'ann': use_rslora True, not False"),
        ({"lora_alpha": 16}, "lora_alpha 16.0, not 8.0"),
        ({"r": 8}, "'bob' is inconsistent: .*rank 8"),
        ({"r": "4"}, "states no r and lora_alpha"),
    ],
)
def test_what_is_not_plain_lora_of_the_same_shape_is_refused(own, opened, change, message):
    edit_adapter(own / "bob", **change)
    refused(opened, own, message)


def lower_rank(tensors):
    for name, tensor in tensors.items():
        cut = tensor[:2] if "lora_A" in name else tensor[:, :2]
        tensors[name] = cut.contiguous()


def test_another_rank_is_refused(own, opened):
    edit_adapter(own / "cat", r=2)
    edit_tensors(own / "cat" / WEIGHTS, lower_rank)
    refused(opened, own, "'cat' does not go with 'ann': rank 2, not 4")


def test_other_target_modules_are_refused(own, opened):
    def drop_q(tensors):
        for name in [name for name in tensors if "layers.0.self_attn.q_proj" in name]:
            del tensors[name]

    edit_tensors(own / "cat" / WEIGHTS, drop_q)
    refused(opened, own, r"target_modules model.layers.0.self_attn.q_proj \(absent\), not")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(Q), "'bob' is inconsistent: model.layers.0.self_attn.q_proj has B"),
        (lambda t: t.update({Q: t[Q][None]}), "no LoRA matrix"),
        (lambda t: t.update({Q: t[Q].to(torch.int8)}), "no LoRA matrix"),
        (lambda t: t.update({"base_model.model.lm_head.weight": torch.zeros(2, 2)}), "lm_head"),
        (lambda t: t[Q][1].fill_(float("nan")), f"'bob' has a NaN or an infinity in {Q}"),
        (lambda t: t[Q][3, 31:].fill_(float("-inf")), "a NaN or an infinity"),
    ],
    ids=["half", "three dimensions", "integers", "a whole module", "nan", "infinity"],
)
def test_tensors_that_cannot_be_blended_are_refused(own, opened, change, message):
    edit_tensors(own / "bob" / WEIGHTS, change)
    refused(opened, own, message)


def test_a_nan_in_bfloat16_is_seen(own, opened):
    def change(tensors):
        for name in tensors:
            tensors[name] = tensors[name].bfloat16()
        tensors[Q][0, 0] = float("nan")

    edit_tensors(own / "bob" / WEIGHTS, change)
    refused(opened, own, "'bob' has a NaN")


# Files that are not there or not what they should be


@pytest.mark.parametrize("name", ["adapter_model.bin", "adapter_model.pt"])
def test_pickled_weights_are_refused_with_the_way_to_convert_them(own, opened, name):
    (own / "bob" / WEIGHTS).rename(own / "bob" / name)
    error = refused(opened, own, f"pickled weights .{name}")
    assert "save_pretrained" in error.hint


def test_a_pickled_base_is_refused(own, opened):
    (own / "base" / "model.safetensors").rename(own / "base" / "pytorch_model.bin")
    refused(opened, own, "pickled weights .pytorch_model.bin")


def test_a_file_in_place_of_a_folder_is_refused(own, opened):
    refused(opened, own, "is a file", names=("ann", f"bob/{WEIGHTS}"))


def test_missing_things_are_named(own, opened):
    refused(opened, own, "There is no folder .*/eve", names=("ann", "eve"))
    (own / "bob" / "adapter_config.json").unlink()
    refused(opened, own, "adapter_config.json cannot be read")
    (own / "bob" / WEIGHTS).unlink()
    refused(opened, own, f"has no {WEIGHTS}")
    (own / "base" / "config.json").unlink()
    refused(opened, own, "config.json cannot be read")
    refused(opened, own, "no experts", names=())


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00"])
def test_what_is_not_json_is_refused(own, opened, text):
    (own / "bob" / "adapter_config.json").write_text(text)
    refused(opened, own, "adapter_config.json .*JSON")


# The base an adapter was trained for


def other_base(own):
    """Make a base of the same architecture and shapes but other weights."""
    shutil.copytree(own / "base", own / "other")
    edit_tensors(own / "other" / "model.safetensors", nudge("lm_head.weight"))
    return own / "other"


def test_an_adapter_of_another_base_is_refused(own, opened):
    edit_adapter(own / "cat", base_model_name_or_path=str(other_base(own)))
    refused(opened, own, "'cat' was trained for base .*/other, not for .*/base")


def test_a_copy_of_the_base_is_the_base(own, opened):
    shutil.copytree(own / "base", own / "copy")
    edit_adapter(own / "cat", base_model_name_or_path="../copy")
    opened(own)


@pytest.mark.parametrize("gone", ["/nowhere/base", "who/never-fetched", "", None])
def test_a_base_that_cannot_be_found_is_judged_by_shape(own, opened, gone):
    edit_adapter(own / "cat", base_model_name_or_path=gone)
    opened(own)


def test_layers_that_the_base_lacks_are_refused(own, opened):
    edit_tensors(
        own / "base" / "model.safetensors",
        lambda t: t.pop("model.layers.1.self_attn.v_proj.weight"),
    )
    refused(opened, own, r"'ann' does not fit base .*v_proj of shape \(16, 32\).* no such layer")


def test_layers_of_another_shape_are_refused(own, opened):
    def widen(tensors):
        tensors["model.layers.1.self_attn.v_proj.weight"] = torch.zeros(32, 32)

    edit_tensors(own / "base" / "model.safetensors", widen)
    refused(opened, own, r"v_proj of shape \(16, 32\), the base has \(32, 32\)")


def test_names_and_layouts_that_differ_between_file_and_model_still_fit(tmp_path):
    """GPT-2's files lack the prefix of the model's layers and keep matrices transposed."""
    base = GPT2LMHeadModel(GPT2Config(vocab_size=64, n_embd=16, n_layer=1, n_head=2, n_positions=8))
    base.transformer.save_pretrained(tmp_path / "base")
    lora = LoraConfig(r=2, target_modules=["c_attn"], fan_in_fan_out=True)
    get_peft_model(base, lora).save_pretrained(tmp_path / "ann")
    family = open_family(
        "gpt", str(tmp_path / "base"), {"ann": str(tmp_path / "ann")}, prompt="plain"
    )
    assert family.modules == {"transformer.h.0.attn.c_attn": (48, 16)}


# Memory


def test_more_experts_than_memory_holds_are_refused_with_the_numbers(
    models, opened, family, monkeypatch
):
    one = 4 * sum(4 * (rows + columns) for rows, columns in family.modules.values())
    monkeypatch.setattr(
        family_module.psutil, "virtual_memory", lambda: SimpleNamespace(available=4 * one)
    )
    error = refused(opened, models, "The 4 experts of pool 'test' need .* GB .* free")
    assert "room for 3" in error.hint
    opened(models, ("ann", "bob", "cat"))
