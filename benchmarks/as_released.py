"""The same search, done the way of the released code, against ours: wall time, same outputs.

    python benchmarks/as_released.py [--task gaia-text] [--limit 40] [--iterations 1] [--write]

First our search runs, once as it is by default and once with the papers' settings. Then every
evaluation in its journal is repeated in the released code's way: one graph after the other; for
every node the base and its adapter are loaded from disk; prompts go through `model.generate` in
batches of ten; nothing is remembered. Positions and velocities of the weight swarm are adapters on
disk, loaded and saved for every term of the update. Both must come to the same utilities.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from hswarm.agents.pool import read_pool
from hswarm.agents.prompts import write_prompt
from hswarm.api import Watch, configure, start
from hswarm.catalog import find
from hswarm.experts.blend import save_adapter
from hswarm.experts.family import Family
from hswarm.graph.dag import Dag
from hswarm.search.found import Candidate
from hswarm.store.record import read_run
from hswarm.system import prompt_role, share_context
from hswarm.tasks.load import load_task
from hswarm.tasks.task import Task

RESULT = Path(__file__).parent / "results" / "as_released.json"
BATCH, BAR = 10, 10.0


def generate(family: Family, adapter: Path, prompts: list[str], max_tokens: int) -> list[str]:
    """Load base and adapter from disk and answer, ten prompts at a time."""
    tokenizer = AutoTokenizer.from_pretrained(family.base, padding_side="left")
    base = AutoModelForCausalLM.from_pretrained(family.base, dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(adapter)).eval()
    answers = []
    for first in range(0, len(prompts), BATCH):
        chats = [
            tokenizer.apply_chat_template(
                [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True
            )
            for prompt in prompts[first : first + BATCH]
        ]
        batch = tokenizer(chats, return_tensors="pt", padding=True, add_special_tokens=False)
        with torch.inference_mode():
            output = model.generate(**batch, max_new_tokens=max_tokens, do_sample=False)
        new = output[:, batch["input_ids"].shape[1] :]
        texts = tokenizer.batch_decode(new, skip_special_tokens=True)
        answers += [text.strip() for text in texts]
    return answers


def evaluate(family: Family, task: Task, dag: Dag, adapters: list[Path]) -> float:
    """Run one graph over all dev items, node by node."""
    said: dict[int, list[str]] = {}
    for node in dag.order:
        prompts = [
            write_prompt(
                prompt_role(dag, node),
                [said[parent][row] for parent in dag.parents[node]],
                share_context(example.context_chunks, dag)[node],
                example.question,
            )
            for row, example in enumerate(task.dev)
        ]
        said[node] = generate(family, adapters[node], prompts, task.max_tokens)
    scores = [task.scorer(e, a) for e, a in zip(task.dev, said[dag.end], strict=True)]
    return sum(scores) / len(scores)


def move_on_disk(particles: Sequence[Path]) -> None:
    """The velocity update's traffic: four terms, each loaded, scaled, added and saved."""
    for folder in particles:
        own, scratch = folder / "adapter_model.safetensors", folder / "velocity.safetensors"
        save_file(load_file(own), scratch)
        for _ in range(4):
            velocity, term = load_file(scratch), load_file(own)
            save_file({k: 0.5 * velocity[k] + 0.5 * term[k] for k in velocity}, scratch)


def repeat(
    family: Family, task: Task, lines: list[dict[str, Any]], adapters: Path
) -> tuple[float, int]:
    """Repeat a journal's evaluations; returns the seconds and how many came out otherwise."""
    began = time.perf_counter()
    folders: dict[tuple[float, ...], Path] = {}
    different = 0
    evaluations = [line for line in lines if line["event"] == "evaluation"]
    for count, line in enumerate(evaluations, 1):
        candidate = Candidate.from_json(line)
        for row in candidate.rows:
            if row not in folders:
                folders[row] = adapters / f"{len(folders)}"
                save_adapter(family, row, folders[row])
        utility = evaluate(family, task, candidate.dag, [folders[row] for row in candidate.rows])
        different += utility != line["utility"]
        spent = time.perf_counter() - began
        print(
            f"{count}/{len(evaluations)}: {utility:.3f}, ours {line['utility']:.3f} ({spent:.0f} s)"
        )
    for line in lines:
        if "rows" in line and line["event"] != "evaluation":
            move_on_disk(list(folders.values())[: len(line["rows"])])
    return time.perf_counter() - began, different


def measure(preset: str, options: argparse.Namespace) -> dict[str, Any]:
    """Search with `preset` both ways."""
    config = configure(
        options.task,
        pool="tiny",
        method="heterogeneous",
        preset=preset,
        seed=0,
        limit=options.limit,
        max_iterations=options.iterations,
    )
    family = read_pool(find("agents", "tiny")).open().families[0]
    task = load_task(options.task, data=None, limit=options.limit)
    with tempfile.TemporaryDirectory() as scratch:
        run = Path(scratch) / "run"
        began = time.perf_counter()
        start(config, run, Watch())
        whole = time.perf_counter() - began
        lines = list(read_run(run).events())
        timings = [json.loads(x) for x in (run / "timings.jsonl").open()]
        ours = max(line["search"] for line in timings if "search" in line)
        released, different = repeat(family, task, lines, Path(scratch) / "adapters")
    return {
        "task": task.title,
        "items": len(task.dev),
        "iterations": options.iterations,
        "evaluations": sum(line["event"] == "evaluation" for line in lines),
        "evaluations_with_another_utility": different,
        "released_way_seconds": round(released, 1),
        "our_search_seconds": round(ours, 1),
        "our_whole_run_seconds": round(whole, 1),
        "ratio": round(released / ours, 1),
        "bar": BAR,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="gaia-text")
    parser.add_argument("--limit", type=int, default=40)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    logging.disable_progress_bar()
    presets = ("default", "paper")
    figures = {preset: measure(preset, options) for preset in presets}
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    different = sum(figure["evaluations_with_another_utility"] for figure in figures.values())
    if different:
        raise SystemExit(f"{different} evaluations came to another utility")


if __name__ == "__main__":
    main()
