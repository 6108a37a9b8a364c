"""What the memo that all runs of a sweep share spares: tokens generated with it ÷ without.

    python benchmarks/sweep.py [--task gaia-text] [--runs 20] [--method heterogeneous]
        [--preset default] [--limit N] [--folder runs/sweep] [--write]

A sweep of the papers' grids on the tiny pool. "Without" is what the runs generate when each has a
memo of its own alone, which every run counts; that the two agree is a test
(tests/bench/sweep). A sweep that was interrupted goes on; one that is done is read.
"""

import argparse
import json
from pathlib import Path

from hswarm.sweep.config import SweepConfig, check_sweep
from hswarm.sweep.folder import SweepFolder, is_sweep
from hswarm.sweep.report import read_report, write_report
from hswarm.sweep.run import SweepWatch, run_sweep

RESULT = Path(__file__).parent / "results" / "sweep.json"
BAR = 0.6


def measure(options: argparse.Namespace) -> dict[str, object]:
    config = SweepConfig(
        task=options.task,
        runs=options.runs,
        search_preset=options.preset,
        limit=options.limit,
        settings={"search": {"method": options.method}},
    )
    check_sweep(config)
    name = f"{options.task}-{options.method}-{options.preset}-{options.runs}-{options.limit}"
    path = options.folder / name
    folder = SweepFolder.open(path) if is_sweep(path) else SweepFolder.create(path, config)

    def tell(draw, came, done):
        what = came if isinstance(came, str) else f"dev {came.dev:.3f}, test {came.test:.3f}"
        print(f"{done}/{options.runs} {draw.name}: {what}", flush=True)

    run_sweep(folder, SweepWatch(ended=tell), threads=options.threads)
    report = read_report(folder)
    write_report(path, report)
    assert len(report.rows) == options.runs, "a run failed"
    return {
        "task": report.task,
        "method": options.method,
        "preset": options.preset,
        "limit": options.limit,
        "runs": options.runs,
        "generated": report.generated,
        "alone": report.alone,
        "ratio": round(report.generated / report.alone, 3),
        "bar": BAR,
        "best_dev": report.rows[0].dev,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--task", default="gaia-text")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--method", default="heterogeneous")
    parser.add_argument("--preset", default="default")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--threads", type=int)
    parser.add_argument("--folder", type=Path, default=Path("runs") / "sweep")
    parser.add_argument("--write", action="store_true", help=f"write {RESULT.name}")
    options = parser.parse_args()
    figures = measure(options)
    print(json.dumps(figures, indent=2))
    if options.write:
        rows = json.loads(RESULT.read_text()) if RESULT.is_file() else []
        what = ("task", "method", "preset", "limit", "runs")
        rows = [row for row in rows if any(row[key] != figures[key] for key in what)]
        RESULT.write_text(json.dumps([*rows, figures], indent=2) + "\n", encoding="utf-8")
