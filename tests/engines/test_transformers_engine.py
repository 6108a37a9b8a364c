"""The transformers engine says what `model.generate` says, whatever shares the batch."""

from __future__ import annotations

import asyncio
import random
import shutil
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, BatchingEngine, Said
from hswarm.engines.families import FamiliesRunner
from hswarm.engines.memo import MemoEngine
from hswarm.engines.request import Blend, CallFailed, Completion, Request, Sampling, TooLong
from hswarm.engines.router import RouterEngine
from hswarm.engines.transformers import TransformersRunner, adapters
from hswarm.engines.transformers import runner as runner_module
from hswarm.engines.transformers.decoder import Decoder
from hswarm.engines.transformers.lane import Lane
from hswarm.engines.transformers.sampling import draw_noise, pick_tokens
from hswarm.errors import HswarmError
from hswarm.experts.blend import save_adapter
from hswarm.experts.family import open_sibling
from hswarm.testing.engines import EngineContract, run

ROWS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.8, -0.3), ())


GREEDY = Sampling(12)
LANE = EngineConfig(device="cpu", threads=1)


def make_requests(family, count, *, sampling=GREEDY, longest=30, rows=ROWS, seed=0):
    rng = random.Random(seed)
    return [
        Request(
            Blend(family.fingerprint, rows[k % len(rows)]),
            " ".join(f"w{rng.randrange(5, 64):02}" for _ in range(rng.randrange(1, longest))),
            sampling,
        )
        for k in range(count)
    ]


def generate_one_by_one(family, requests, folder):
    """Answer with PEFT and `model.generate`, a row at a time."""
    tokenizer = AutoTokenizer.from_pretrained(family.base)
    answers = {}
    for number, row in enumerate({request.model.row for request in requests}):
        model = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32)
        if row:
            save_adapter(family, row, folder / str(number))
            model = PeftModel.from_pretrained(model, folder / str(number))
        model.eval()
        for request in requests:
            if request.model.row != row:
                continue
            text = request.prompt
            if family.prompt == "chat":
                chat = [{"role": "user", "content": text}]
                text = tokenizer.apply_chat_template(
                    chat, tokenize=False, add_generation_prompt=True
                )
            given = tokenizer(text, return_tensors="pt")
            with torch.inference_mode():
                output = model.generate(
                    input_ids=given["input_ids"],
                    attention_mask=given["attention_mask"],
                    do_sample=False,
                    max_new_tokens=request.sampling.max_tokens,
                )[0, given["input_ids"].shape[1] :]
            ended = int(output[-1]) in {3, 4, 20, 33}
            answers[request] = Completion(
                tokenizer.decode(output[: len(output) - ended], skip_special_tokens=True).strip(),
                given["input_ids"].shape[1],
                len(output),
                truncated=not ended,
            )
    return [answers[request] for request in requests]


@pytest.mark.parametrize(
    ("architecture", "threads"),
    [
        ("llama", 1),
        ("gemma", 1),
        ("gemma2", 1),
        ("gemma3", 1),
        ("mistral", 2),
        ("qwen3", 2),
        ("gpt2", 1),
        ("falcon", 1),
    ],
)
@pytest.mark.usefixtures("eager_lanes")
def test_a_mixed_batch_equals_generate_one_by_one(architecture, threads, make_family, tmp_path):
    family = make_family(architecture)
    requests = make_requests(family, 25)
    expected = generate_one_by_one(family, requests, tmp_path)
    assert any(not answer.truncated for answer in expected)
    assert len({answer.text for answer in expected}) > 15
    runner = TransformersRunner(family, EngineConfig(device="cpu", threads=threads))
    assert run(runner, requests) == expected


@pytest.mark.parametrize("batch_size", [1, 3, 7])
def test_few_seats_are_taken_in_turn(batch_size, make_family):
    family = make_family("mistral")
    requests = make_requests(family, 30)
    expected = run(TransformersRunner(family, LANE), requests)
    runner = TransformersRunner(family, LANE.model_copy(update={"batch_size": batch_size}))
    assert run(runner, requests) == expected
    assert run(runner, requests[::-1]) == expected[::-1]
    assert run(runner, requests[:4]) == expected[:4]


def test_little_memory_for_blends_changes_nothing(make_family, monkeypatch):
    family = make_family("llama")
    requests = make_requests(family, 30)
    expected = run(TransformersRunner(family, LANE), requests)
    monkeypatch.setattr(adapters, "_SHARE", 2**60)
    assert run(TransformersRunner(family, LANE), requests) == expected


def test_prompts_longer_than_a_reading_are_read_alone(make_family, monkeypatch):
    family = make_family("gemma3")
    requests = make_requests(family, 12, longest=90)
    expected = run(TransformersRunner(family, LANE), requests)
    monkeypatch.setattr(runner_module, "_CPU_TOKENS", 20)
    assert run(TransformersRunner(family, LANE), requests) == expected


def out_of_memory(kind):
    if kind == "device":
        return torch.OutOfMemoryError("CUDA out of memory.")
    return RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


@pytest.mark.parametrize("kind", ["device", "machine"])
@pytest.mark.parametrize("method", ["read", "step"])
def test_when_memory_runs_out_it_goes_on_with_half(method, kind, make_family, monkeypatch):
    family = make_family("llama")
    requests = make_requests(family, 40)
    expected = run(TransformersRunner(family, LANE), requests)
    runner = TransformersRunner(family, LANE)
    original = getattr(Decoder, method)
    sizes = []

    def scarce(decoder, rows, *arguments):
        sizes.append(len(rows))
        if len(rows) > 5:
            raise out_of_memory(kind)
        return original(decoder, rows, *arguments)

    monkeypatch.setattr(Decoder, method, scarce)
    assert run(runner, requests) == expected
    assert max(sizes) > 5
    assert sizes[-1] <= 5


def test_a_row_for_which_there_is_never_memory_fails_alone(make_family, monkeypatch):
    family = make_family("llama")
    requests = make_requests(family, 9)
    expected = run(TransformersRunner(family, LANE), requests)
    runner = TransformersRunner(family, LANE)
    longest = max(answer.prompt_tokens for answer in expected)
    read = Decoder.read

    def scarce(decoder, prompts, *arguments):
        if max(map(len, prompts)) == longest:
            raise out_of_memory("device")
        return read(decoder, prompts, *arguments)

    monkeypatch.setattr(Decoder, "read", scarce)
    for answer, wanted in zip(run(runner, requests), expected, strict=True):
        if wanted.prompt_tokens == longest:
            assert isinstance(answer, CallFailed)
            assert "memory" in str(answer)
        else:
            assert answer == wanted


def test_other_errors_are_not_taken_for_want_of_memory(make_family, monkeypatch):
    family = make_family("llama")
    runner = TransformersRunner(family, LANE)

    def broken(*_):
        raise RuntimeError("something else")

    with monkeypatch.context() as patch:
        patch.setattr(Decoder, "step", broken)
        with pytest.raises(RuntimeError, match="something else"):
            run(runner, make_requests(family, 9))
    requests = make_requests(family, 9)
    assert run(runner, requests) == run(TransformersRunner(family, LANE), requests)


def test_a_blend_that_overflows_spoils_no_other(make_family):
    family = make_family("qwen3")
    requests = make_requests(family, 24)
    expected = run(TransformersRunner(family, LANE), requests)
    wild = make_requests(family, 24, rows=((1e30, -1e30, 1e30),), seed=1)
    runner = TransformersRunner(family, LANE.model_copy(update={"batch_size": 5}))
    mixed = [request for pair in zip(requests, wild, strict=True) for request in pair]
    assert run(runner, mixed)[::2] == expected
    assert run(runner, requests) == expected


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_shorter_formats_run(dtype, make_family):
    family = make_family("llama")
    requests = make_requests(family, 20)
    runner = TransformersRunner(family, LANE.model_copy(update={"dtype": dtype}))
    exact = run(TransformersRunner(family, LANE), requests)
    short = run(runner, requests)
    same = sum(a.text.split()[:1] == b.text.split()[:1] for a, b in zip(exact, short, strict=True))
    assert same >= 15


def test_requests_that_cannot_be_run_fail_alone_and_say_why(make_family):
    family = make_family("llama")
    fine, long, foreign_shape, infinite = make_requests(family, 4)
    requests = [
        fine,
        replace(long, prompt="w07 " * 200),
        replace(foreign_shape, model=Blend(family.fingerprint, (1.0, 0.0))),
        replace(infinite, model=Blend(family.fingerprint, (1.0, 0.0, float("inf")))),
    ]
    answer, *failures = run(TransformersRunner(family, LANE), requests)
    assert isinstance(answer, Completion)
    assert [type(failure) for failure in failures] == [TooLong, CallFailed, CallFailed]
    assert "202 tokens" in str(failures[0])


def test_an_answer_stops_where_the_model_was_not_made_for_more(make_family):
    family = make_family("llama")
    request = replace(make_requests(family, 1)[0], prompt="w07 " * 120, sampling=Sampling(50))
    (answer,) = run(TransformersRunner(family, LANE), [request])
    assert answer.prompt_tokens == 122
    assert answer.generated_tokens <= 6


def test_a_request_for_another_family_is_refused(make_family):
    runner = TransformersRunner(make_family("llama"), LANE)
    requests = [
        replace(request, model=Blend("0" * 64, (1.0, 0.0, 0.0)))
        for request in make_requests(make_family("llama"), 1)
    ]
    with pytest.raises(HswarmError, match="No engine at hand"):
        run(runner, requests)


@pytest.mark.usefixtures("eager_lanes")
def test_a_flush_may_be_left_in_the_middle(make_family):
    family = make_family("llama")
    requests = make_requests(family, 20)
    runner = TransformersRunner(family, EngineConfig(device="cpu", threads=2))
    expected = run(runner, requests)
    flush = runner.run(requests, Audience())
    for _ in range(3):
        next(flush)
    flush.close()
    assert run(runner, requests) == expected


def test_rows_that_nobody_waits_for_are_dropped_and_the_others_go_on(make_family):
    family = make_family("qwen3")
    requests = make_requests(family, 20, sampling=Sampling(60))
    runner = TransformersRunner(family, LANE)
    expected = run(runner, requests)
    audience = Audience()
    outcomes = {}
    for number, batch in enumerate(runner.run(requests, audience)):
        outcomes.update(batch)
        if number == 3:
            audience.gone.update(range(0, 20, 2))
    left = {place: outcomes[place] for place in range(1, 20, 2)}
    assert left == {place: expected[place] for place in range(1, 20, 2)}
    assert len(outcomes) < len(requests)
    assert run(runner, requests) == expected


def test_when_everybody_has_gone_nothing_is_left_to_do(make_family):
    family = make_family("qwen3")
    requests = make_requests(family, 6)
    runner = TransformersRunner(family, LANE)
    audience = Audience(gone=set(range(6)))
    outcomes = [place for batch in runner.run(requests, audience) for place, _ in batch]
    assert len(outcomes) < 6
    assert len(run(runner, requests)) == 6


@pytest.mark.parametrize("architecture", ["llama", "gpt2"])
def test_an_answer_is_heard_as_it_grows(architecture, make_family):
    family = make_family(architecture)
    requests = make_requests(family, 9)
    runner = TransformersRunner(family, LANE)
    expected = run(runner, requests)
    heard = {}
    outcomes = {}
    for batch in runner.run(requests, Audience(followed=frozenset({1, 4, 5}))):
        for place, news in batch:
            if isinstance(news, Said):
                heard.setdefault(place, []).append(news.text)
            else:
                outcomes[place] = news
    assert [outcomes[place] for place in range(9)] == expected
    assert set(heard) <= {1, 4, 5}
    for place, texts in heard.items():
        whole = [*texts, expected[place].text]
        assert len(texts) > 1
        assert all(later.startswith(text) for text, later in pairwise(whole))


def test_lanes_stop_when_a_flush_is_left(make_family, monkeypatch):
    passes = 2_000_000
    reached = []

    def endless(lane, rows, gone):
        for k in range(passes):
            reached[:] = [k]
            yield []

    monkeypatch.setattr(Lane, "run", endless)
    runner = TransformersRunner(make_family("llama"), LANE)
    flush = runner.run(make_requests(make_family("llama"), 3), Audience())
    for _ in range(3):
        next(flush)
    flush.close()
    assert reached[0] < passes - 1


def test_a_sampled_answer_is_drawn_from_the_models_distribution(make_family):
    family = make_family("qwen3")
    sampling = Sampling(12, temperature=1.2, top_p=0.9, seed=5)
    (request,) = make_requests(family, 1, sampling=sampling, rows=((),))
    (answer,) = run(TransformersRunner(family, LANE), [request])
    model = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32).eval()
    given = [1, *(int(word[1:]) for word in request.prompt.split()), 2]
    said = []
    for noise in draw_noise(sampling):
        with torch.inference_mode():
            logits = model(torch.tensor([given + said])).logits[:, -1]
        said += pick_tokens(logits, [sampling], [noise])
        if said[-1] in {3, 4, 20, 33}:
            break
    assert answer.prompt_tokens == len(given)
    assert answer.generated_tokens == len(said)
    kept = said if answer.truncated else said[:-1]
    assert answer.text.split() == [f"w{token:02}" for token in kept if token not in {0, 3}]


def test_a_model_whose_layers_keep_no_keys_is_refused(make_family):
    with pytest.raises(HswarmError, match="'mamba' cannot be run"):
        TransformersRunner(make_family("mamba"), LANE)


def test_a_chat_family_needs_a_chat_template(make_family, tmp_path):
    family = make_family("llama")
    shutil.copytree(family.base, tmp_path / "base")
    (tmp_path / "base" / "chat_template.jinja").unlink()
    with pytest.raises(HswarmError, match="no chat template") as caught:
        TransformersRunner(replace(family, base=tmp_path / "base"), LANE)
    assert "plain" in caught.value.hint


def test_a_base_larger_than_the_memory_is_refused_before_it_is_loaded(make_family, monkeypatch):
    family = make_family("llama")
    monkeypatch.setattr(runner_module, "free_memory_of", lambda device: 1000)
    monkeypatch.setattr(runner_module.AutoModelForCausalLM, "from_pretrained", None)

    with pytest.raises(HswarmError, match=r"needs .* GB of memory as float32 and cpu has 1e-06"):
        TransformersRunner(family, LANE)


def test_a_device_that_is_not_there_is_named(make_family):
    with pytest.raises(HswarmError, match="no device 'cuda:99'"):
        TransformersRunner(make_family("llama"), EngineConfig(device="cuda:99"))


@pytest.mark.parametrize("concurrent", [1, 8])
@pytest.mark.parametrize("remember", [True, False])
def test_neither_memo_nor_concurrency_changes_an_answer(concurrent, remember, make_family):
    family = make_family("qwen3")
    expected = run(TransformersRunner(family, LANE), make_requests(family, 12))
    engine = MemoEngine(BatchingEngine(TransformersRunner(family, LANE)), remember=remember)
    requests = make_requests(family, 12)

    async def main():
        free = asyncio.Semaphore(concurrent)

        async def ask(request):
            async with free:
                return await engine.generate(request)

        answers = await asyncio.gather(*map(ask, [*requests, *requests]))
        await engine.aclose()
        return answers

    assert asyncio.run(main()) == expected * 2
    assert engine.usage.generated == (12 if remember else 24)


class TestTransformersContract(EngineContract):
    @pytest.fixture(autouse=True)
    def _runner(self, make_family):
        self.family = make_family("mistral")
        self.runner = TransformersRunner(self.family, LANE)

    def open_engine(self):
        return BatchingEngine(self.runner)

    def requests(self):
        return make_requests(self.family, 6)

    def hopeless(self):
        return replace(self.requests()[0], prompt="w07 " * 200)


def test_an_adopted_expert_answers_over_the_base_that_is_loaded(make_family):
    """A family of one, beside the family that it comes from, says what it says there."""
    family = make_family("qwen3")
    sibling = open_sibling(family, "again", family.experts[1].folder)
    engine = BatchingEngine(FamiliesRunner({family.fingerprint: TransformersRunner(family, LANE)}))
    router = RouterEngine({family.fingerprint: engine})
    here = Blend(family.fingerprint, (0.0, 1.0, 0.0))
    there = Blend(sibling.fingerprint, (1.0,))
    prompts = ["w07 w08 w09", "w11", "w12 w13"]

    async def say(model):
        asked = (router.generate(Request(model, prompt, Sampling(8))) for prompt in prompts)
        return [answer.text for answer in await asyncio.gather(*asked)]

    with pytest.raises(HswarmError, match="No engine"):
        asyncio.run(say(there))
    router.adopt(sibling, family.fingerprint)
    assert asyncio.run(say(there)) == asyncio.run(say(here))
    router.dismiss(sibling.fingerprint)
    with pytest.raises(HswarmError, match="No engine"):
        asyncio.run(say(there))
    assert asyncio.run(say(here))
