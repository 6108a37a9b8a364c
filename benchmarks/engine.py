"""Tokens per second of the transformers engine against plain `model.generate`, same outputs.

    python benchmarks/engine.py [--size tiny|30m] [--requests 400] [--threads N] [--write]

Ten experts, as many prompts for each. Plain: for each expert in turn, its adapter switched on (or
merged into the base) by PEFT, then `generate` over its prompts in batches of ten, sorted by length.
Ours: all requests at once. Each way has a process of its own, and they take turns, so that neither
profits from how the other sets up the machine and both meet the same load. float32, greedy.
"""

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig

from hswarm.agents.pool import read_pool
from hswarm.catalog import find
from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience
from hswarm.engines.request import Blend, Request, Sampling
from hswarm.engines.transformers import TransformersRunner
from hswarm.experts.family import Family, open_family
from hswarm.tiny.build import make_tokenizer
from hswarm.tiny.corpus import exchanges

RESULT = Path(__file__).parent / "results" / "engine.json"
EXPERTS, BATCH, MAX_TOKENS, BAR = 10, 10, 48, 2.0
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
PLAIN, MERGED, OURS = "generate", "generate, merged", "engine"


SHAPES = {
    "30m": {
        "hidden_size": 512,
        "num_hidden_layers": 9,
        "intermediate_size": 1408,
        "num_attention_heads": 8,
    },
    "1b": {
        "hidden_size": 2048,
        "num_hidden_layers": 22,
        "intermediate_size": 5632,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
    },
    "7b": {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "intermediate_size": 11008,
        "num_attention_heads": 32,
    },
}


def random_family(folder: Path, size: str = "30m") -> Family:
    """A random Llama with ten experts of rank 8. Wide weights: no near ties."""
    tokenizer = make_tokenizer()
    tokenizer.save_pretrained(folder / "base")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        **SHAPES[size],
        max_position_embeddings=1024,
        initializer_range=0.06,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    base = AutoModelForCausalLM.from_config(config)
    base.save_pretrained(folder / "base")
    settings = LoraConfig(r=8, lora_alpha=16, target_modules=PROJECTIONS, task_type="CAUSAL_LM")
    model = get_peft_model(base, settings)
    for expert in range(EXPERTS):
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.02)
        model.save_pretrained(folder / f"e{expert}")
    adapters = {f"e{expert}": str(folder / f"e{expert}") for expert in range(EXPERTS)}
    return open_family("random", str(folder / "base"), adapters, prompt="chat")


def requests_of(family: Family, count: int) -> list[Request]:
    """Prompts as they occur in the bundled tasks' graphs, dealt over the experts."""
    drawn = exchanges((), np.random.default_rng(0))
    return [
        Request(
            Blend(
                family.fingerprint, tuple(float(j == k % len(family)) for j in range(len(family)))
            ),
            next(drawn).prompt,
            Sampling(MAX_TOKENS),
        )
        for k in range(count)
    ]


def plain(family: Family, requests: list[Request], merged: bool):
    """Return what answers the requests with PEFT and `generate`: text and tokens of each."""
    tokenizer = AutoTokenizer.from_pretrained(family.base, padding_side="left")
    base = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32)
    first, *others = family.experts
    model = PeftModel.from_pretrained(base, first.folder, adapter_name=first.name).eval()
    for expert in others:
        model.load_adapter(expert.folder, adapter_name=expert.name)
    chats = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": request.prompt}],
            tokenize=False,
            add_generation_prompt=True,
        )
        for request in requests
    ]
    ends = torch.tensor([model.generation_config.eos_token_id]).flatten()

    def answer() -> list[tuple[str, int]]:
        answers: list[tuple[str, int]] = [("", 0)] * len(requests)
        for j, expert in enumerate(family.experts):
            model.set_adapter(expert.name)
            if merged:
                model.merge_adapter([expert.name])
            own = sorted(range(j, len(requests), len(family)), key=lambda k: len(chats[k]))
            for start in range(0, len(own), BATCH):
                places = own[start : start + BATCH]
                given = tokenizer(
                    [chats[k] for k in places],
                    return_tensors="pt",
                    padding=True,
                    add_special_tokens=False,
                )
                with torch.inference_mode():
                    output = model.generate(**given, max_new_tokens=MAX_TOKENS, do_sample=False)
                new = output[:, given["input_ids"].shape[1] :]
                texts = tokenizer.batch_decode(new, skip_special_tokens=True)
                over = torch.isin(new, ends)
                lengths = (over.cumsum(1) - over.int() == 0).sum(1).tolist()
                for k, text, length in zip(places, texts, lengths, strict=True):
                    answers[k] = (text.strip(), length)
            if merged:
                model.unmerge_adapter()
        return answers

    return answer


def ours(family: Family, requests: list[Request], threads: int):
    """Return what answers the requests with the engine's runner."""
    runner = TransformersRunner(
        family, EngineConfig(dtype="float32", device="cpu", threads=threads)
    )

    def answer() -> list[tuple[str, int]]:
        outcomes = dict(pair for batch in runner.run(requests, Audience()) for pair in batch)
        return [(outcomes[k].text, outcomes[k].generated_tokens) for k in range(len(requests))]

    return answer


def work(way: str, family: Family, requests: list[Request], threads: int, line: Connection) -> None:
    """A process: answers all requests whenever told to, and says how long it took."""
    torch.set_num_threads(threads)
    if way == OURS:
        answer = ours(family, requests, threads)
    else:
        answer = plain(family, requests, merged=way == MERGED)
    line.send(None)
    while line.recv():
        begun = time.perf_counter()
        answers = answer()
        line.send((time.perf_counter() - begun, answers))


def measure(family: Family, requests: list[Request], threads: int, rounds: int):
    """Return seconds per round by way; all must give the same answers. One round goes unmeasured"""
    context = multiprocessing.get_context("spawn")
    lines = {}
    for way in (PLAIN, MERGED, OURS):
        lines[way], theirs = context.Pipe()
        context.Process(
            target=work, args=(way, family, requests, threads, theirs), daemon=True
        ).start()
    for line in lines.values():
        line.recv()
    seconds: dict[str, list[float]] = {way: [] for way in lines}
    expected = None
    for turn in range(rounds + 1):
        for way, line in lines.items():
            line.send(True)
            took, answers = line.recv()
            expected = expected or answers
            different = sum(a != b for a, b in zip(answers, expected, strict=True))
            assert not different, f"{way}: {different} of {len(requests)} answers differ"
            if turn:
                seconds[way].append(took)
                print(f"round {turn}, {way}: {took:.2f} s", flush=True)
    for line in lines.values():
        line.send(False)
    return seconds, sum(tokens for _, tokens in expected or [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--size", choices=["tiny", "30m"], default="tiny")
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.size == "tiny":
            family = read_pool(find("agents", "tiny")).open().families[0]
        else:
            family = random_family(Path(folder))
        requests = requests_of(family, options.requests)
        seconds, tokens = measure(family, requests, options.threads, options.rounds)
    speed = {way: tokens / statistics.median(took) for way, took in seconds.items()}
    figures = {
        "size": options.size,
        "requests": options.requests,
        "generated_tokens": tokens,
        "experts": len(family),
        "threads": options.threads,
        "machine": {
            "cpus": os.cpu_count(),
            "arch": platform.machine(),
            "torch": torch.__version__,
        },
        "seconds": {way: [round(s, 2) for s in took] for way, took in seconds.items()},
        "tokens_per_second": {way: round(value) for way, value in speed.items()},
        "ratio": round(speed[OURS] / speed[PLAIN], 2),
        "ratio_to_merged": round(speed[OURS] / speed[MERGED], 2),
        "bar": BAR,
    }
    for way, value in speed.items():
        print(f"{way:18} {value:7.0f} tokens/s")
    print(f"engine / generate = {figures['ratio']} (bar: {BAR})")
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
