"""Does the found system beat the best single model? Five seeds on the bundled tasks.

    python benchmarks/quality.py [--tasks gaia-text,knowledge-crosswords] [--seeds 5] [--write]

Every run is a whole `hswarm optimize` with the default settings; runs are kept under --runs and
resumed if the benchmark is interrupted. Writes benchmarks/results/quality.json and quality.md.
"""

import argparse
import json
import statistics
from pathlib import Path

from hswarm.api import Watch, configure, resume, start
from hswarm.search.result import Result
from hswarm.store.run import is_run

RESULTS = Path(__file__).parent / "results"
HEAD = "| task | seed | found: dev | found: test | {rivals} | p vs best single | tokens |"


def see_through(task: str, seed: int, folder: Path) -> Result:
    if is_run(folder):
        return resume(folder, Watch())
    config = configure(task, pool="tiny", method="heterogeneous", preset="default", seed=seed)
    return start(config, folder, Watch())


def table(results: list[Result]) -> str:
    rivals = [report.name for report in results[0].compared]
    head = HEAD.format(rivals=" | ".join(f"{name}: test" for name in rivals))
    lines = [head, "|---" * (head.count("|") - 1) + "|"]
    for result in results:
        others = " | ".join(f"{report.test.utility:.3f}" for report in result.compared)
        p = result.best_single.p_value
        lines.append(
            f"| {result.task} | {result.seed} | {result.found.dev.utility:.3f} "
            f"| {result.found.test.utility:.3f} | {others} | {p:.1e} "
            f"| {result.search.generated_tokens:,} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default="gaia-text,knowledge-crosswords")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", type=Path, default=Path("runs/quality"))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    results = []
    for task in options.tasks.split(","):
        for seed in range(options.seeds):
            result = see_through(task, seed, options.runs / f"{task}-{seed}")
            results.append(result)
            print(table([result]).splitlines()[-1], flush=True)
    text = table(results)
    print(text)
    for task in dict.fromkeys(result.task for result in results):
        of_task = [result for result in results if result.task == task]
        gains = [r.found.test.utility - r.best_single.test.utility for r in of_task]
        worst = max(r.best_single.p_value for r in of_task)
        held = min(gains) > 0.0 and worst < 0.05
        verdict = "better in every seed, p < 0.05 each" if held else "NOT better in every seed"
        print(f"{task}: {verdict}; mean gain {statistics.mean(gains):+.3f}, largest p {worst:.1e}")
    if options.write:
        (RESULTS / "quality.md").write_text(text)
        rows = [result.model_dump(mode="json") for result in results]
        (RESULTS / "quality.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
