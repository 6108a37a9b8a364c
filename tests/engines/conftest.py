"""Tiny random models of several architectures, each with a family of experts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    FalconConfig,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    GPT2Config,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    PreTrainedTokenizerFast,
    Qwen3Config,
)
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from hswarm.engines.transformers import runner
from hswarm.experts.family import Family, open_family

WORDS = 64
TEMPLATE = (
    "{% for m in messages %}w01 {{ m['content'] }}{% endfor %}"
    "{% if add_generation_prompt %} w02{% endif %}"
)

_SHAPE = {
    "vocab_size": WORDS,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "initializer_range": 0.35,
    "eos_token_id": [3, 4, 20, 33],
    "pad_token_id": 0,
    "bos_token_id": None,
    "tie_word_embeddings": False,
}

_WIDE = {**_SHAPE, "hidden_size": 64, "num_attention_heads": 2, "head_dim": 32}
"""vLLM's heads on a CPU are no narrower."""

ARCHITECTURES = {
    "llama-32": LlamaConfig(**_WIDE),
    "gemma-32": GemmaConfig(**_WIDE),
    "qwen3-32": Qwen3Config(**_WIDE),
    "llama": LlamaConfig(**_SHAPE),
    "gemma": GemmaConfig(**_SHAPE),
    "gemma2": Gemma2Config(**_SHAPE, sliding_window=9),
    "gemma3": Gemma3TextConfig(**_SHAPE, sliding_window=9, sliding_window_pattern=2),
    "mistral": MistralConfig(**_SHAPE, sliding_window=9),
    "qwen3": Qwen3Config(**_SHAPE),
    "falcon": FalconConfig(
        **{k: v for k, v in _SHAPE.items() if k not in {"intermediate_size", "head_dim"}}
    ),
    "mamba": MambaConfig(
        vocab_size=WORDS, hidden_size=32, state_size=4, num_hidden_layers=1, eos_token_id=3
    ),
    "gpt2": GPT2Config(
        vocab_size=WORDS,
        n_embd=32,
        n_layer=3,
        n_head=4,
        n_positions=128,
        initializer_range=0.35,
        eos_token_id=[3, 4, 20, 33],
        pad_token_id=0,
        bos_token_id=None,
    ),
}

FamilyMaker = Callable[[str], Family]

OTHER_WORDS = [
    *("pad", "w01", "w02", "stop", "w14", "w05"),
    *(f"w{k:02}" for k in range(63, 14, -1)),
    *(f"x{k:02}" for k in range(9)),
]
"""A vocabulary in another order, with ends of other names, and some words of its own."""


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def make_family(tmp_path_factory: pytest.TempPathFactory) -> FamilyMaker:
    """Return the family of three experts on a random base of the named architecture.

    "NAME other" is one whose tokenizer has `OTHER_WORDS`.
    """
    made: dict[str, Family] = {}

    def make(architecture: str) -> Family:
        if architecture not in made:
            folder = tmp_path_factory.mktemp(architecture)
            made[architecture] = _make(architecture, folder)
        return made[architecture]

    return make


def _make(architecture: str, folder: Path) -> Family:
    architecture, _, other = architecture.partition(" ")
    listed = OTHER_WORDS if other else [f"w{k:02}" for k in range(WORDS)]
    words = {word: k for k, word in enumerate(listed)}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="w05"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=listed[0],
        eos_token=listed[3],
        chat_template=TEMPLATE,
    ).save_pretrained(folder / "base")
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(ARCHITECTURES[architecture]).eval()
    model.save_pretrained(folder / "base")
    targets = {"gpt2": ["c_attn", "c_fc", "c_proj"], "mamba": ["in_proj"]}
    settings = LoraConfig(
        r=4,
        lora_alpha=6,
        target_modules=targets.get(architecture, "all-linear"),
        fan_in_fan_out=architecture == "gpt2",
        task_type="CAUSAL_LM",
    )
    adapted = get_peft_model(model, settings)
    for expert in "abc":
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.4)
            elif "lora_A" in name:
                torch.nn.init.normal_(weight, std=0.2)
        adapted.save_pretrained(folder / expert)
    return open_family(
        architecture,
        str(folder / "base"),
        {expert: str(folder / expert) for expert in "abc"},
        prompt="plain" if architecture == "gpt2" else "chat",
    )


@pytest.fixture
def eager_lanes(monkeypatch):
    """Two threads make two lanes, however few rows there are."""
    monkeypatch.setattr(runner, "_WORTH", 0)
