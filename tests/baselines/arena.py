"""Trials on a landscape, for the tests of baselines."""

import hashlib
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

from hswarm.baselines.trials import Trials
from hswarm.baselines.workshop import Workshop
from hswarm.config import search_config
from hswarm.engines.request import Completion, Request
from hswarm.experts.family import Family, open_family
from hswarm.experts.recipe import Recipe
from hswarm.search.roster import Experts, Roster
from hswarm.search.tally import Tally
from hswarm.tasks.scorers.scorer import GoldScorer

sys.path.insert(0, str(Path(__file__).parents[1] / "search"))
from landscape import Landscape, make_setting, score


class Nearness(GoldScorer):
    """Scores an answer of the landscape, which is a number."""

    def matches(self, example, gold, answer):
        return self(example, answer) == 1.0

    def __call__(self, example, answer, /):
        try:
            return score(example, answer)
        except ValueError:
            return 0.0


EXPERTS = 4
ITEMS = 3


@dataclass
class Arena(Landscape):
    """A landscape whose models can design, too: chains, mostly, by the prompt's digest.

    `scripted` are what they say to begin with.
    """

    scripted: list[str] = field(default_factory=list)

    async def generate(self, request: Request, /) -> Completion:
        if not request.prompt.startswith("Design a network"):
            return await super().generate(request)
        if self.scripted:
            return Completion(self.scripted.pop(0), 1, 1)
        digest = int.from_bytes(hashlib.sha256(request.prompt.encode()).digest()[:8], "little")
        order = np.random.default_rng(digest).permutation(list("abcd")).tolist()
        return Completion(json.dumps({"edges": list(pairwise(order))}), 1, 1)


def make_trials(
    seed: int = 0,
    limit: int | None = None,
    *,
    experts: int = EXPERTS,
    engine: Landscape | None = None,
    baseline: dict | None = None,
) -> Trials:
    """Four experts whose best blend is known, on three items; see the landscape."""
    config = search_config("default", {"seed": seed, "baseline": baseline or {}})
    setting = make_setting(config, engine or Arena(), experts=experts, items=ITEMS)
    return Trials(replace(setting, scorer=Nearness(), tally=Tally(ITEMS, limit)), data=DATA)


TINY = Path(__file__).parents[2] / "agents" / "tiny"
NAMES = ("friends", "homes", "jobs", "pets")
BRIEF = Recipe(steps=2, batch=2, learning_rate=0.01)
_SCRATCH = tempfile.TemporaryDirectory(prefix="hswarm-test-")
_folders = itertools.count()


def _write_data(name: str) -> str:
    path = Path(_SCRATCH.name) / f"{name}.jsonl"
    pairs = [{"prompt": f"item {k} of {name}", "response": f"{name} {k}."} for k in range(4)]
    path.write_text("\n".join(map(json.dumps, pairs)))
    return str(path)


DATA = {name: _write_data(name) for name in ("a", "b", "c", "d", *NAMES)}


@lru_cache(maxsize=1)
def small_family() -> Family:
    """Four experts, drawn at random, on a model of two narrow layers with the tiny pool's words."""
    root = Path(_SCRATCH.name) / "models"
    tokenizer = AutoTokenizer.from_pretrained(TINY / "base")
    tokenizer.save_pretrained(root / "base")
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = Qwen3ForCausalLM(config)
        model.save_pretrained(root / "base")
        lora = LoraConfig(
            r=2, lora_alpha=4, target_modules=["q_proj", "down_proj"], task_type="CAUSAL_LM"
        )
        adapted = get_peft_model(model, lora)
        for name in NAMES:
            for key, weight in adapted.named_parameters():
                if "lora_" in key:
                    torch.nn.init.normal_(weight, std=0.3)
            adapted.save_pretrained(str(root / name))
    experts = {name: str(root / name) for name in NAMES}
    return open_family("small", str(root / "base"), experts, prompt="chat")


@dataclass
class Books:
    """An engine that notes which families it answers for."""

    here: list[str] = field(default_factory=list)

    def check_adopting(self, beside: str) -> None:
        """Any family can be taken on."""

    def adopt(self, family: Family, beside: str) -> None:
        self.here.append(family.fingerprint)

    def dismiss(self, fingerprint: str) -> None:
        self.here.remove(fingerprint)


def make_shop(**asked) -> Trials:
    """The same trials over four experts with weights, with a workshop in a folder of its own."""
    trials = make_trials(**asked)
    family = small_family()
    roster = Roster((Experts(family.fingerprint, NAMES),))
    trials = Trials(replace(trials.setting, roster=roster), data=DATA, recipe=BRIEF)
    folder = Path(_SCRATCH.name) / str(next(_folders))
    trials.workshop = Workshop({family.fingerprint: family}, folder, Books())
    return trials
