"""How quality and cost grow with the pool: one bench, the same methods, pools of several sizes.

    hswarm bench --preset baselines --pool tiny-four --out runs/four
    hswarm bench --preset baselines --out runs/ten
    python benchmarks/growth.py runs/four runs/ten [--write]

Per method and pool: the mean on test of every task with its 95 % interval, and the evaluations and
generated tokens, the mean over tasks. --write puts it into results/growth.md.
"""

import argparse
import json
from pathlib import Path
from statistics import fmean
from typing import Any

from hswarm.agents.pool import read_pool
from hswarm.bench.folder import BenchFolder
from hswarm.catalog import find

RESULT = Path(__file__).parent / "results" / "growth.md"
Entries = dict[tuple[str, str], dict[str, Any]]


def read(folder: Path) -> tuple[int, dict[str, Any], Entries]:
    """Return how many agents a bench's pool has, its table, and the table's entries."""
    bench = BenchFolder.open(folder)
    agents = len(read_pool(find("agents", bench.config.pool)).open())
    table = json.loads((folder / "table.json").read_text())
    left = bench.config.seeds * len(table["entries"]) - bench.ended()
    assert not left, f"{folder}: {left} cells are not done"
    return agents, table, {(entry["method"], entry["task"]): entry for entry in table["entries"]}


def show(entry: dict[str, Any]) -> str:
    if entry["mean"] is None:
        return "–"
    half = (entry["interval"]["high"] - entry["interval"]["low"]) / 2
    text = f"{entry['mean']:.3f}"
    return f"{f'**{text}**' if entry['rank'] == 1 else text} ± {half:.3f}"


def grow(folders: list[Path]) -> str:
    benches = sorted(map(read, folders), key=lambda bench: bench[0])
    _, first, _ = benches[0]
    tasks = first["tasks"]
    heads = [f"{task}, n = {agents}" for task in tasks for agents, _, _ in benches]
    heads += [f"{what}, n = {n}" for what in ("evaluations", "tokens") for n, _, _ in benches]
    lines = [f"| method | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for method in first["methods"]:
        cells = [show(own[method, task]) for task in tasks for _, _, own in benches]
        for what in ("evaluations", "generated_tokens"):
            for _, _, own in benches:
                spent = [own[method, task][what] for task in tasks]
                known = [value for value in spent if value is not None]
                cells.append(f"{fmean(known):,.0f}" if known else "–")
        lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = grow(options.folders)
    print(text)
    if options.write:
        RESULT.write_text(f"{(__doc__ or '').splitlines()[0]}\n\n{text}")
