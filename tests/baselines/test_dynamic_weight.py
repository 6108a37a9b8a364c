"""Methods that search for weights: their formulas by hand."""

import asyncio
import builtins
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from hswarm.baselines.attempt import attempt
from hswarm.baselines.corpora import read_corpora
from hswarm.baselines.evol_merge import breed, layer_of, layers_of
from hswarm.baselines.lorahub import loss
from hswarm.baselines.pack_of_llms import weigh
from hswarm.errors import HswarmError
from hswarm.experts.perplexity import log_perplexities

sys.path.insert(0, str(Path(__file__).parent))
from arena import make_shop, make_trials, small_family
from landscape import TARGET


def test_lorahub_minimises_the_loss_and_the_size_of_the_coefficients():
    assert loss(0.75, np.array([1.0, -0.5])) == pytest.approx(0.25 + 0.05 * 0.75)
    assert loss(float("nan"), np.array([0.0])) == 1.0
    assert loss(float("nan"), np.array([0.0]), worst=-0.5) == 1.5


def test_a_small_budget_is_nothing_to_warn_of():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        asyncio.run(attempt("lorahub", make_trials(limit=20)))
    assert not [str(warning.message) for warning in seen]


def test_lorahub_gets_nearer_than_where_it_begins():
    trials = make_trials()
    asyncio.run(attempt("lorahub", trials))
    row = np.array(trials.found.candidate.rows[0])

    assert np.abs(row - TARGET).sum() < np.abs(0.25 - TARGET).sum()
    assert (np.abs(row) <= 1.5).all()


def test_without_nevergrad_the_command_that_installs_it_is_said(monkeypatch):
    real = builtins.__import__

    def without(name, *rest):
        if name.startswith("nevergrad"):
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(HswarmError, match="Nevergrad") as refused:
        asyncio.run(attempt("lorahub", make_trials()))
    assert "pip install 'hswarm[lorahub]'" in refused.value.hint


def test_packs_are_weighed_by_a_softmax_of_log_perplexities():
    row = weigh([1.0, 2.0, 1.5], 0.5)
    shares = np.exp([-2.0, -4.0, -3.0])

    assert row == pytest.approx(shares / shares.sum())
    assert weigh([float("nan")] * 2, 0.1) == [0.5, 0.5]


def test_log_perplexity_is_the_loss_of_the_model_with_the_adapter():
    from peft import PeftModel

    family, texts = small_family(), [[5, 9, 33, 70], [8, 4], [7], [40, 41, 42, 43, 44, 45]]
    measured = log_perplexities(family, texts, torch.device("cpu"))

    model = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, family.experts[2].folder).eval()
    with torch.inference_mode():
        losses = [
            float(adapted(input_ids=torch.tensor([t]), labels=torch.tensor([t])).loss)
            for t in texts
            if len(t) > 1
        ]
    assert measured[2] == pytest.approx(np.mean(losses), rel=1e-3)
    assert len(set(measured)) == len(family)


def test_a_child_lies_between_its_parents_layer_by_layer():
    one, other = np.array([0.0, 1.0, 0.5]), np.array([1.0, 0.0, 0.5])
    child = breed([one, other], np.random.default_rng(0))

    assert child[2] == 0.5
    assert ((child >= 0) & (child <= 1)).all()
    assert (child != one).any()


def test_layers_are_told_apart_by_their_numbers():
    assert layer_of("model.layers.3.mlp.up_proj") == "3"
    assert layer_of("lm_head") == ""
    assert layers_of(small_family()) == ["0", "1"]


def test_a_pool_that_does_not_say_what_it_was_trained_on_is_refused(tmp_path):
    with pytest.raises(HswarmError, match="does not say it of 'a'"):
        read_corpora("cbtm", ["a"], {})
    path = tmp_path / "a.jsonl"
    path.write_text('{"prompt": "p", "response": "r"}\n{"prompt": "q"}\n')
    with pytest.raises(HswarmError, match="line 2"):
        next(read_corpora("cbtm", ["a"], {"a": str(path)})[0])
    path.write_text('{"prompt": "p", "response": "r"}\n')
    (corpus,) = read_corpora("cbtm", ["a"], {"a": str(path)})
    assert [next(corpus), next(corpus)] == [("p", "r")] * 2


def test_the_one_that_is_kept_of_evol_merge_is_the_best():
    trials = make_shop(limit=8)
    found, _ = asyncio.run(attempt("evol-merge", trials))
    name = trials.setting.roster.name(found.candidate.agents[0])

    assert [path.name for path in trials.workshop.folder.iterdir()] == [name]
