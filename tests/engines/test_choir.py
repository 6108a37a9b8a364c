"""A mixture says what its experts' distributions say together, whatever shares the batch."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from hswarm.config import EngineConfig
from hswarm.engines.assemble import assemble
from hswarm.engines.batching import Audience, BatchingEngine, Said
from hswarm.engines.local import load_runner
from hswarm.engines.request import MICRO, Blend, CallFailed, Request, Sampling, TooLong
from hswarm.engines.transformers.adapters import Adapters
from hswarm.engines.transformers.choir import mix
from hswarm.engines.transformers.decoder import Decoder
from hswarm.errors import HswarmError
from hswarm.experts.mixture import Mixture
from hswarm.experts.vocabulary import vocabulary_of
from hswarm.testing.engines import EngineContract, run

LANE = EngineConfig(device="cpu", threads=1)
GREEDY = Sampling(10)
ENDS = {3, 4, 20, 33}
SPECIAL = {"w00", "w03", "pad", "stop"}
EVEN = (1 / 6,) * 6
ROWS = (
    EVEN,
    (0.5, 0.0, 0.0, 0.0, 0.5, 0.0),
    (0.0, 0.7, 0.0, 0.0, 0.0, 0.3),
    (0.6, 0.3, 0.4, 0.1, -0.2, -0.2),
    (0.2, 0.3, 0.5, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 1.0, 0.0),
)
NO_ENDS = torch.tensor([], dtype=torch.long)

logits = hnp.arrays("float32", (2, 3, 7), elements=st.floats(-20, 20, width=32))
coefficients = hnp.arrays("float32", (2, 3), elements=st.floats(0, 1, width=32))


def part(values, shares, ids=None, ends=NO_ENDS):
    ids = torch.arange(values.shape[-1]) if ids is None else torch.tensor(ids)
    return torch.tensor(values), torch.tensor(shares), ids, ends


@settings(deadline=None)
@given(logits, coefficients)
def test_where_all_is_shared_a_mixture_is_the_weighted_mean(values, shares):
    shares[:, 0] += 0.5
    mixed, left_out = mix([part(values, shares)])
    said = torch.tensor(values).softmax(-1)
    mean = sum(torch.tensor(shares[:, [k]]) * said[:, k] for k in range(3))
    torch.testing.assert_close(mixed.exp(), mean, atol=1e-6, rtol=1e-5)
    assert left_out.tolist() == [0.0, 0.0]


@settings(deadline=None)
@given(logits, st.integers(0, 2))
def test_an_expert_alone_is_itself(values, expert):
    shares = torch.nn.functional.one_hot(torch.tensor([expert] * 2), 3).float().numpy()
    mixed, _ = mix([part(values, shares)])
    alone = torch.tensor(values)[:, expert].log_softmax(-1)
    torch.testing.assert_close(mixed, alone, atol=1e-4, rtol=1e-4)


@settings(deadline=None)
@given(logits, coefficients)
def test_it_does_not_matter_who_runs_an_expert(values, shares):
    shares[:, 0] += 0.5
    whole, _ = mix([part(values, shares)])
    parts, _ = mix([part(values[:, [k]], shares[:, [k]]) for k in range(3)])
    torch.testing.assert_close(parts.exp(), whole.exp(), atol=1e-6, rtol=1e-5)


@settings(deadline=None)
@given(logits, logits, coefficients, st.permutations(range(7)), st.permutations(range(7)))
def test_what_is_left_out_is_what_is_not_shared(ours, theirs, shares, first, second):
    """Three tokens and an end are shared; the end is two tokens of ours and one of theirs."""
    shares[:, 0] += 0.5
    mine, yours = list(first[:4]), list(second[:4])
    ends = torch.tensor([first[3], first[6]])
    mixed, left_out = mix(
        [part(ours, shares, mine, ends), part(theirs, shares, yours, torch.tensor([second[3]]))]
    )
    said, heard = (torch.tensor(values).softmax(-1) for values in (ours, theirs))
    weights = torch.tensor(shares)
    kept = torch.cat([said[..., mine[:3]], said[..., ends].sum(-1, keepdim=True)], dim=-1)
    expected = torch.einsum("re,rev->rv", weights, kept + heard[..., yours])
    torch.testing.assert_close(mixed.exp(), expected, atol=1e-6, rtol=1e-5)
    outside = (weights * (2 - kept.sum(-1) - heard[..., yours].sum(-1))).sum(-1)
    share = outside / (2 * weights.sum(-1))
    torch.testing.assert_close(left_out, share, atol=1e-5, rtol=1e-4)
    assert ((left_out >= 0) & (left_out <= 1)).all()


def test_less_than_nothing_is_never_said_while_there_is_anything_else():
    values = torch.tensor([[[5.0, 0.0, 0.0], [5.0, 0.0, 0.0]]])
    mixed, _ = mix([(values, torch.tensor([[0.4, -0.6]]), torch.arange(3), NO_ENDS)])
    assert mixed.argmax() != 0
    assert mixed.isfinite().all()
    values[0, 1] = torch.tensor([0.0, 5.0, 0.0])
    mixed, _ = mix([(values, torch.tensor([[1.5, -0.5]]), torch.arange(3), NO_ENDS)])
    assert mixed[0, 1] == -torch.inf


@pytest.fixture(scope="module", params=["gemma", "gemma other"], ids=["same words", "other words"])
def mixture(make_family, request):
    return Mixture("tokens", (make_family("llama"), make_family(request.param)))


@pytest.fixture(scope="module")
def runner(mixture):
    return load_runner(mixture.families, LANE, [mixture])


def make_requests(mixture, count, *, sampling=GREEDY, seed=0, rows=ROWS):
    rng = random.Random(seed)
    return [
        Request(
            Blend(mixture.fingerprint, rows[k % len(rows)]),
            " ".join(f"w{rng.randrange(5, 64):02}" for _ in range(rng.randrange(1, 25))),
            sampling,
        )
        for k in range(count)
    ]


def say_one_by_one(mixture, requests):
    """Answer with PEFT, whole contexts and dictionaries from words to probabilities."""
    voices = []
    for family in mixture.families:
        tokenizer = AutoTokenizer.from_pretrained(family.base)
        for expert in family.experts:
            base = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32)
            voices.append((tokenizer, PeftModel.from_pretrained(base, expert.folder).eval()))
    answers = []
    for request in requests:
        counting = [(c, *voices[k]) for k, c in enumerate(request.model.row) if c]
        vocabularies = [tokenizer.get_vocab() for _, tokenizer, _ in counting]
        same = all(words == vocabularies[0] for words in vocabularies)
        contexts = []
        for _, tokenizer, _ in counting:
            chat = [{"role": "user", "content": request.prompt}]
            text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
            contexts.append(tokenizer(text)["input_ids"])
        said, left_out = [], 0.0
        while len(said) < request.sampling.max_tokens:
            mixed, missed, weight = {}, 0.0, 0.0
            for (c, _, model), words, context in zip(counting, vocabularies, contexts, strict=True):
                with torch.inference_mode():
                    likely = model(torch.tensor([context])).logits[0, -1].softmax(-1).tolist()
                heard = {}
                for word, number in words.items():
                    end = number in ENDS and not same
                    key = "<end>" if end else word
                    heard[key] = heard.get(key, 0.0) + likely[number]
                for key, p in heard.items():
                    everywhere = key == "<end>" or all(
                        key in other and (same or other[key] not in ENDS) for other in vocabularies
                    )
                    special = key in SPECIAL and not same
                    if everywhere and not special:
                        mixed[key] = mixed.get(key, 0.0) + c * p
                    else:
                        missed += abs(c) * p
                weight += abs(c)
            left_out += missed / weight
            word = max(mixed, key=mixed.get)
            said.append(word)
            if word == "<end>" or (same and vocabularies[0][word] in ENDS):
                break
            for words, context in zip(vocabularies, contexts, strict=True):
                context.append(words[word])
        ended = said[-1] == "<end>" or (same and vocabularies[0][said[-1]] in ENDS)
        shown = [word for word in said[: len(said) - ended] if word not in SPECIAL]
        answers.append((" ".join(shown), len(said), not ended, left_out))
    return answers


def test_a_mixed_batch_equals_the_mixture_one_by_one(mixture, runner):
    requests = make_requests(mixture, 12)
    expected = say_one_by_one(mixture, requests)
    found = run(runner, requests)
    assert [(a.text, a.generated_tokens, a.truncated) for a in found] == [e[:3] for e in expected]
    for answer, (*_, left_out) in zip(found, expected, strict=True):
        assert answer.left_out / MICRO == pytest.approx(left_out, abs=1e-4)
    assert len({answer.text for answer in found}) > 8
    assert any(not answer.truncated for answer in found)
    same = vocabulary_of(mixture.families[0]) == vocabulary_of(mixture.families[1])
    assert any(answer.left_out for answer in found) != same


def test_a_row_with_one_expert_is_that_expert_token_for_token(mixture, runner):
    for column in range(len(mixture)):
        row = tuple(float(k == column) for k in range(len(mixture)))
        mixed = make_requests(mixture, 6, rows=[row], seed=column)
        assert mixture.locate(row)[0] in {family.fingerprint for family in mixture.families}
        alone = [replace(request, model=Blend(*mixture.locate(row))) for request in mixed]
        assert run(runner, mixed) == run(runner, alone)


def test_a_scaled_row_says_the_same(mixture, runner):
    row = ROWS[0]
    halved = tuple(c / 2 for c in row)
    assert [a.text for a in run(runner, make_requests(mixture, 8, rows=[row]))] == [
        a.text for a in run(runner, make_requests(mixture, 8, rows=[halved]))
    ]


def test_few_seats_are_taken_in_turn(mixture, runner):
    requests = make_requests(mixture, 8, seed=1, rows=ROWS[:2])
    expected = run(runner, requests)
    config = LANE.model_copy(update={"batch_size": 7})
    few = load_runner(mixture.families, config, [mixture])
    assert run(few, requests) == expected
    assert run(few, requests[::-1]) == expected[::-1]


@pytest.mark.usefixtures("eager_lanes")
def test_two_lanes_say_what_one_says(mixture, runner):
    requests = make_requests(mixture, 12, seed=2)
    config = EngineConfig(device="cpu", threads=2)
    assert run(load_runner(mixture.families, config, [mixture]), requests) == run(runner, requests)


def test_memory_that_runs_out_is_gone_round(mixture, runner, monkeypatch):
    requests = make_requests(mixture, 12, seed=3, rows=[EVEN])
    expected = run(runner, requests)
    fresh = load_runner(mixture.families, LANE, [mixture])
    step, failed = Decoder.step, []

    def failing(self, tokens, positions, adapters):
        if len(tokens) > 12 and len(failed) < 3:
            failed.append(len(tokens))
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return step(self, tokens, positions, adapters)

    monkeypatch.setattr(Decoder, "step", failing)
    assert run(fresh, requests) == expected
    assert failed


def test_sampled_answers_depend_on_their_seed_alone(mixture, runner):
    warm = [replace(GREEDY, temperature=1.2, top_p=0.9, seed=seed) for seed in range(6)]
    requests = [make_requests(mixture, 1, sampling=how, seed=4)[0] for how in warm]
    together = run(runner, requests)
    assert together == [run(runner, [request])[0] for request in requests]
    assert len({answer.text for answer in together}) > 3


def test_growing_answers_are_heard_and_those_nobody_waits_for_are_dropped(mixture, runner):
    requests = make_requests(mixture, 6, seed=5)
    expected = run(runner, requests)
    gone = {2, 3}
    news = [
        pair for batch in runner.run(requests, Audience(frozenset({0}), gone)) for pair in batch
    ]
    heard = [said.text for place, said in news if isinstance(said, Said) and place == 0]
    assert heard
    assert all(expected[0].text.startswith(text) for text in heard)
    ended = {place: said for place, said in news if not isinstance(said, Said)}
    assert ended == {k: expected[k] for k in (0, 1, 4, 5)}


def test_what_cannot_be_run_is_said_request_by_request(mixture, runner):
    good, *bad = make_requests(mixture, 5)
    bad = [
        replace(bad[0], model=Blend(mixture.fingerprint, (0.0,) * 6)),
        replace(bad[1], model=Blend(mixture.fingerprint, (0.5, 0.5))),
        replace(bad[2], model=Blend(mixture.fingerprint, (float("nan"),) * 6)),
        replace(bad[3], prompt="w07 " * 200),
    ]
    answer, *refused = run(runner, [good, *bad])
    assert answer == run(runner, [good])[0]
    assert [type(outcome) for outcome in refused] == [CallFailed] * 3 + [TooLong]
    with pytest.raises(HswarmError, match="No engine at hand"):
        run(runner, [replace(good, model=Blend("0" * 64, EVEN))])


def test_too_little_memory_for_the_adapters_is_said(mixture, monkeypatch):
    small = load_runner(mixture.families, LANE, [mixture])
    monkeypatch.setattr(Adapters, "hold", lambda *_: None)
    with pytest.raises(HswarmError, match="no memory for the 3 adapters"):
        run(small, make_requests(mixture, 1))


def test_engines_that_cannot_mix_say_so(make_family):
    families = (make_family("llama"), make_family("gemma"))
    mixed = [Mixture("tokens", families)]
    with pytest.raises(HswarmError, match="vllm mixes no tokens"):
        load_runner(families, LANE.model_copy(update={"name": "vllm"}), mixed)
    workers = LANE.model_copy(update={"workers": 2})
    with pytest.raises(HswarmError, match="run in one process"):
        assemble(families, workers, mixtures=mixed)


class TestChoir(EngineContract):
    @pytest.fixture(autouse=True)
    def _mixture(self, mixture, runner):
        self.mixture, self.runner = mixture, runner

    def open_engine(self):
        return BatchingEngine(self.runner)

    def requests(self):
        return make_requests(self.mixture, 4, rows=ROWS[1:3], sampling=Sampling(6))

    def hopeless(self):
        return replace(self.requests()[0], model=Blend(self.mixture.fingerprint, (0.0,) * 6))
