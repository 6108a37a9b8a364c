"""The same search, done the way of the released code, against ours: wall time, same outputs.

    python benchmarks/as_released.py [--task gaia-text] [--limit 20] [--iterations 1] [--write]

First our search runs, with the papers' settings. Then every evaluation in its journal is repeated
in the released code's way: one graph after the other; for every node the base and its adapter are
loaded from disk; prompts go through `model.generate` in batches of ten; nothing is remembered.
Positions and velocities of the weight swarm are adapters on disk, loaded and saved for every term
of the update. Both must come to the same utilities.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from hswarm.agents.pool import read_pool
from hswarm.agents.prompts import write_prompt
from hswarm.api import Watch, configure, start
from hswarm.catalog import find
from hswarm.experts.blend import save_adapter
from hswarm.experts.family import Family
from hswarm.graph.dag import Dag
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


def move_on_disk(folder: Path, particles: int) -> None:
    """The velocity update's traffic: four terms, each loaded, scaled, added and saved."""
    for particle in range(particles):
        own = folder / f"{particle}" / "adapter_model.safetensors"
        scratch = folder / "velocity.safetensors"
        save_file(load_file(own), scratch)
        for _ in range(4):
            velocity, term = load_file(scratch), load_file(own)
            save_file({k: 0.5 * velocity[k] + 0.5 * term[k] for k in velocity}, scratch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="gaia-text")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--iterations", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    config = configure(
        options.task,
        pool="tiny",
        method="heterogeneous",
        preset="paper",
        seed=0,
        limit=options.limit,
        max_iterations=options.iterations,
    )
    family = read_pool(find("agents", "tiny")).open()
    task = load_task(options.task, data=None, limit=options.limit)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        watch = Watch()
        began = time.perf_counter()
        start(config, folder / "run", watch)
        whole = time.perf_counter() - began
        record = read_run(folder / "run")
        lines = list(record.events())
        timings = [json.loads(x) for x in (folder / "run" / "timings.jsonl").open()]
        ours = max(line["search"] for line in timings if "search" in line)

        positions = {line["iteration"]: line["rows"] for line in lines if "rows" in line}
        adapters = folder / "adapters"
        began = time.perf_counter()
        current, here, different, evaluations = None, adapters, 0, 0
        for line in (line for line in lines if line["event"] == "evaluation"):
            # The weights that a role-step runs with are those of the iteration before.
            wanted = line["iteration"] - (line["step"] == "role")
            if wanted != current:
                rows = np.array(positions[wanted])
                current = wanted
                here = adapters / f"{wanted}"
                for particle, row in enumerate(rows):
                    save_adapter(family, row.tolist(), here / f"{particle}")
                if wanted:
                    move_on_disk(here, len(rows))
            dag = Dag(tuple(tuple(p) for p in line["parents"]))
            places = [here / f"{agent}" for agent in line["agents"]]
            utility = evaluate(family, task, dag, places)
            evaluations += 1
            different += utility != line["utility"]
            spent = time.perf_counter() - began
            print(f"{evaluations}: {utility:.3f} ours {line['utility']:.3f} ({spent:.0f} s)")
        released = time.perf_counter() - began
    figures = {
        "task": task.title,
        "items": len(task.dev),
        "evaluations": evaluations,
        "evaluations_with_another_utility": different,
        "released_way_seconds": round(released, 1),
        "our_search_seconds": round(ours, 1),
        "our_whole_run_seconds": round(whole, 1),
        "ratio": round(released / ours, 1),
        "bar": BAR,
    }
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")
    if different:
        raise SystemExit(f"{different} evaluations came to another utility")


if __name__ == "__main__":
    main()
