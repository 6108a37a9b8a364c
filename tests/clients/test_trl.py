"""DPO and PPO by TRL, on the tiny pool, with a reward that counts words."""

import asyncio
import sys
from pathlib import Path

import pytest
import torch

from hswarm.baselines import dpo, ppo, tuning
from hswarm.baselines.attempt import attempt
from hswarm.experts.family import open_sibling
from hswarm.experts.preference import Preference, Training, train_dpo, train_ppo
from hswarm.testing.baselines import BaselineContract

sys.path.insert(0, str(Path(__file__).parents[1] / "baselines"))
from arena import EXPERTS, make_shop, small_family

CPU = torch.device("cpu")


def brief(steps):
    return Training(CPU, steps=steps, batch=4, learning_rate=1e-3, seed=0)


class Brief(BaselineContract):
    most = EXPERTS + 1

    @pytest.fixture(autouse=True)
    def few_steps(self, monkeypatch):
        monkeypatch.setattr(ppo, "STEPS", 1)
        monkeypatch.setattr(tuning, "BATCH", 4)
        monkeypatch.setattr(dpo, "BATCH", 4)

    def make_trials(self, seed, limit):
        return make_shop(seed=seed, limit=limit)


class TestDpo(Brief):
    name = "dpo"


class TestPpo(Brief):
    name = "ppo"


def test_dpo_makes_the_chosen_answer_likelier_than_the_rejected(tmp_path, capfd):
    from hswarm.experts.finetune import load_trainable
    from hswarm.experts.training import encode

    family = small_family()
    preference = Preference("Who is it?", "The answer is Ada.", "The answer is Bob.")
    capfd.readouterr()
    train_dpo(family, 0, brief(8), tmp_path / "it", preferences=[preference] * 4)
    assert capfd.readouterr() == ("", "")
    made = open_sibling(family, "made", tmp_path / "it")

    def margin(family):
        model, tokenizer = load_trainable(family, 0, CPU)
        said = []
        for answer in (preference.chosen, preference.rejected):
            ((ids, own),) = encode(tokenizer, [((preference.prompt, answer),)])
            head = own.index(True)
            labels = [-100] * head + ids[head:]
            with torch.inference_mode():
                loss = model(torch.tensor([ids]), labels=torch.tensor([labels])).loss
            said.append(-float(loss) * (len(ids) - head))
        return said[0] - said[1]

    assert margin(made) > margin(family)


def test_ppo_follows_the_reward(tmp_path, capfd):
    seen = []

    async def short(prompts, answers):
        rewards = [-float(len(answer.split())) for answer in answers]
        seen.append(sum(rewards) / len(rewards))
        assert set(prompts) == {"Who is it?"}
        return rewards

    family = small_family()
    capfd.readouterr()
    train_ppo(
        family,
        0,
        brief(2),
        tmp_path / "it",
        prompts=["Who is it?"] * 4,
        reward=short,
        max_tokens=8,
    )
    made = open_sibling(family, "made", tmp_path / "it")

    assert seen
    assert capfd.readouterr() == ("", "")
    assert made.fingerprint != family.fingerprint


def test_without_a_preference_the_expert_stays_what_it_is(monkeypatch):
    trials = make_shop()
    object.__setattr__(trials.setting, "scorer", lambda example, answer: 0.0)
    found, _ = asyncio.run(attempt("dpo", trials))

    assert found.candidate.agents == (0,)
    assert not trials.workshop.folder.exists()
