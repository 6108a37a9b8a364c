"""Training an expert, on the smallest models that learn."""

import json
from itertools import cycle

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from hswarm.experts.conversation import as_asked
from hswarm.experts.family import open_family, open_sibling
from hswarm.experts.finetune import finetune
from hswarm.experts.training import Schedule, encode

TINY = "agents/tiny"
PAIRS = [("Who is it?", "The answer is Ada."), ("Where is it?", "The answer is Rome.")]


@pytest.fixture(scope="module")
def family(pytestconfig):
    root = pytestconfig.rootpath / TINY
    experts = {name: str(root / name) for name in ("friends", "jobs")}
    return open_family("tiny", str(root / "base"), experts, prompt="chat")


def weights(folder):
    return load_file(folder / "adapter_model.safetensors")


@pytest.fixture(scope="module")
def tuned(family, tmp_path_factory):
    def tune(start, steps, seed=0):
        folder = tmp_path_factory.mktemp("tuned") / "it"
        finetune(
            family,
            start,
            cycle(PAIRS),
            Schedule(steps, 2, 5e-3),
            folder,
            seed=seed,
            device=torch.device("cpu"),
        )
        return folder

    return tune


def test_what_is_trained_is_an_expert_of_the_same_base(family, tuned):
    made = open_sibling(family, "made", tuned(1, 2))

    assert made.modules == family.modules
    assert made.scale == family.scale
    assert made.fingerprint != family.fingerprint
    config = json.loads((made.experts[0].folder / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == family.base_source


def test_libraries_write_nothing_in_between(tuned, recwarn, capfd):
    tuned(None, 1)
    tuned(0, 1)

    assert [str(warning.message) for warning in recwarn] == []
    assert capfd.readouterr() == ("", "")


def test_training_begins_at_the_expert_and_leaves_it_alone(family, tuned):
    before = weights(family.experts[1].folder)
    after = weights(tuned(1, 1))

    assert set(after) == set(before)
    moved = [np.abs(after[name] - before[name].astype(np.float32)).max() for name in before]
    assert 0 < max(moved) <= 5.1e-3  # one step of AdamW at this rate, and rounding
    assert weights(family.experts[1].folder).keys() == before.keys()


def test_a_new_expert_is_drawn_by_the_seed(family, tuned):
    one, same, other = (weights(tuned(None, 1, seed)) for seed in (0, 0, 1))
    name = next(name for name in one if "lora_A" in name)

    assert (one[name] == same[name]).all()
    assert (one[name] != other[name]).any()


def test_it_learns(family, tuned):
    from transformers import AutoTokenizer

    from hswarm.experts.finetune import load_trainable

    tokenizer = AutoTokenizer.from_pretrained(family.base)
    made = open_sibling(family, "made", tuned(0, 30))

    def loss(family, column):
        model, _ = load_trainable(family, column, torch.device("cpu"))
        (ids, _), _ = encode(tokenizer, [(pair,) for pair in PAIRS])
        with torch.inference_mode():
            return float(model(torch.tensor([ids]), labels=torch.tensor([ids])).loss)

    assert loss(made, 0) < loss(family, 0)


def test_plain_prompts_go_without_a_template(family):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(family.base)
    assert as_asked(tokenizer, "Hello", "plain") == "Hello"
    assert as_asked(tokenizer, "Hello", "chat") != "Hello"
    ((ids, said),) = encode(tokenizer, [(("Hello", "you"),)], "plain")
    assert ids[: said.index(True)] == tokenizer("Hello")["input_ids"]
