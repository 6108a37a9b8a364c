"""Families of random experts over small bases: what they say is noise, what is done with it not."""

import torch
from peft import LoraConfig, get_peft_model

from hswarm.tiny.mixed import new_base


def make_family(folder, architecture, tokenizer, experts, *, seed, std):
    """Write a base to `folder`/base and its experts beside it, with weights from N(0, std²)."""
    torch.manual_seed(seed)
    base = new_base(architecture, tokenizer)
    base.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    settings = LoraConfig(r=4, target_modules=["q_proj", "up_proj"], task_type="CAUSAL_LM")
    adapted = get_peft_model(base, settings)
    for expert in experts:
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                torch.nn.init.normal_(weight, std=std)
        adapted.save_pretrained(folder / expert)
