"""How near a blend comes to the machine's copy bandwidth: ten rank-64 adapters of a 7B model.

    python benchmarks/blend.py [--layers 32] [--rounds 9] [--threads N] [--write]

Random weights in the shapes of Llama-7B, all seven projections. Copies and blends take turns, so
that whatever else the machine does falls on both alike; medians are reported. Bandwidth is bytes
read plus bytes written per second: 2·P·4 for a copy of one expert, (n + 1)·P·4 for a blend. Needs
(n + 1)·P·4 bytes of memory: 7 GB at 32 layers.
"""

import argparse
import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch

from hswarm.experts.blend import ExpertStack, blend, lay_out

EXPERTS, RANK, HIDDEN, INTERMEDIATE = 10, 64, 4096, 11008
RESULT = Path(__file__).parent / "results" / "blend.json"
BAR = 0.5


def random_stack(layers: int) -> ExpertStack:
    attention = {f"self_attn.{side}_proj": (HIDDEN, HIDDEN) for side in "qkvo"}
    up = {f"mlp.{name}_proj": (INTERMEDIATE, HIDDEN) for name in ("gate", "up")}
    shapes = {**attention, **up, "mlp.down_proj": (HIDDEN, INTERMEDIATE)}
    modules = {
        f"model.layers.{layer}.{name}": shape
        for layer in range(layers)
        for name, shape in shapes.items()
    }
    spans, size = lay_out(modules, RANK)
    return ExpertStack(torch.empty(EXPERTS, size).uniform_(-1, 1), spans)


def measure(stack: ExpertStack, rounds: int) -> dict[str, list[float]]:
    """Return the bandwidths of every round in GB/s, for copies and blends in turns."""
    draw = torch.Generator().manual_seed(0)
    out = torch.zeros(stack.size)
    one = stack.size * stack.matrix.element_size()
    speeds: dict[str, list[float]] = {"copy": [], "blend": [], "blend, fresh memory": []}
    for turn in range(rounds + 1):
        row = torch.rand(EXPERTS, generator=draw).tolist()
        seconds = {
            "copy": clock(lambda: out.copy_(stack.matrix[0])),
            "blend": clock(lambda row=row: blend(stack, row, out)),
            "blend, fresh memory": clock(lambda row=row: blend(stack, row)),
        }
        for what, taken in seconds.items() if turn else ():  # the first turn warms up
            moved = 2 * one if what == "copy" else (EXPERTS + 1) * one
            speeds[what].append(moved / taken / 1e9)
    return speeds


def clock(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    stack = random_stack(options.layers)
    speeds = measure(stack, options.rounds)
    median = {what: statistics.median(values) for what, values in speeds.items()}
    ratio = median["blend"] / median["copy"]
    result = {
        "experts": EXPERTS,
        "rank": RANK,
        "layers": options.layers,
        "parameters_per_expert": stack.size,
        "threads": options.threads,
        "machine": {"cpus": os.cpu_count(), "arch": platform.machine(), "torch": torch.__version__},
        "gigabytes_per_second": {what: round(value, 2) for what, value in median.items()},
        "rounds": {what: [round(v, 2) for v in values] for what, values in speeds.items()},
        "ratio": round(ratio, 3),
        "bar": BAR,
    }
    for what, value in median.items():
        print(f"{what:20} {value:6.2f} GB/s")
    print(f"blend / copy = {ratio:.2f} (bar: {BAR})")
    if options.write:
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
