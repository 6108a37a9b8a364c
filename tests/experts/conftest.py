"""A tiny random Llama with LoRA adapters in PEFT's format, made once, never modified."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from hswarm.experts.family import Family, open_family

NAMES = ("ann", "bob", "cat", "dan")

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder with `base` and one adapter for each of NAMES; for reading only."""
    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    LlamaForCausalLM(
        LlamaConfig(
            vocab_size=64,
            hidden_size=32,
            intermediate_size=48,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
        )
    ).save_pretrained(root / "base")
    (root / "base" / "tokenizer.json").write_text('{"version": "1.0"}')
    lora = LoraConfig(
        r=4,
        lora_alpha=8,
        target_modules=["q_proj", "v_proj", "down_proj"],
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(LlamaForCausalLM.from_pretrained(root / "base"), lora)
    for name in NAMES:
        for key, parameter in adapted.named_parameters():
            if "lora_" in key:
                torch.nn.init.normal_(parameter, std=0.3)
        adapted.save_pretrained(root / name)
    return root


@pytest.fixture
def own(models, tmp_path) -> Path:
    """A copy of `models` to break. Its adapters name the base they were trained for as ../base."""
    copy = tmp_path / "own"
    shutil.copytree(models, copy)
    for name in NAMES:
        config = copy / name / "adapter_config.json"
        config.write_text(config.read_text().replace(str(models / "base"), "../base"))
    return copy


Open = Callable[..., Family]


@pytest.fixture(scope="session")
def opened() -> Open:
    """Open the family in a folder that is laid out like `models`."""

    def open_in(root: Path, names=NAMES, *, prompt="plain", **options) -> Family:
        adapters = {name: str(root / name) for name in names}
        return open_family("test", str(root / "base"), adapters, prompt=prompt, **options)

    return open_in


@pytest.fixture(scope="session")
def family(models, opened) -> Family:
    return opened(models)
