"""How long do tasks take to load, and answers to score?

    python benchmarks/tasks.py [--items 10000] [--answers 100000] [--write]

Loading reads, checks, renders and fingerprints items of every form that a task may have. Scoring
is by every scorer that asks nobody, on answers that reason first and then are right or wrong.
Seconds of processor time, so that a busy machine counts little.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import cycle, islice
from pathlib import Path

from hswarm.tasks.load import load_task
from hswarm.tasks.scorers import make_scorer
from hswarm.tasks.task import Example

RESULT = Path(__file__).parent / "results" / "tasks.json"
BAR = 2.0

CHOICES = {"A": "a lake in the north", "B": "a river", "C": "the old hill", "D": "a deep well"}
GOLDS: Mapping[str, tuple[str, ...]] = {
    "abstain": ("B",),
    "exact-match": ("a river",),
    "gaia": ("17", "3, 4, 5", "St. Petersburg"),
    "gaia-paper": ("17",),
    "gsm8k-paper": ("1200",),
    "last-number": ("1200", "-3.5"),
    "multiple-choice": ("B", "D"),
    "nlgraph": ("yes", "12"),
    "nlgraph-paper": ("12",),
    "token-f1": ("a river that runs through the old town",),
}
"""Every scorer that asks nobody, and gold answers for it."""

ANSWERS = (
    "The answer is (B).",
    "Rivers run, lakes do not, so option B it is. The answer is B.",
    "First 3 boxes with 400 each, that is 3 * 400 = 1,200 in all. The answer is $1,200.00.",
    "It is a river, and not a lake. FINAL ANSWER: a river that runs through the old town",
    "Yes. From node 0 one gets to node 3 by way of node 5; the length of the path is 12.",
    "I do not know. " * 20,
    "",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--answers", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        loading = {
            name: clock(lambda name=name, path=path: load_task(name, data=str(path)))
            for name, path in files(Path(folder), options.items).items()
        }
    scoring = {name: clock(scorings(name, options.answers)) for name in GOLDS}
    slowest = max(*loading.values(), *scoring.values())
    figures = {
        "items": options.items,
        "seconds_to_load": loading,
        "answers": options.answers,
        "seconds_to_score": scoring,
        "slowest": slowest,
        "bar": BAR,
    }
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")


def clock(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return round(time.process_time() - began, 3)


def files(folder: Path, items: int) -> dict[str, Path]:
    """Write a file of so many items in each form; return them by a task that takes it."""
    half = items // 2

    def split(item: Callable[[int], dict[str, object]]) -> str:
        made = [item(k) for k in range(items)]
        return json.dumps({"dev": made[:half], "test": made[half:]})

    told = "A story that goes on for a while before anything is asked in it. " * 5
    chosen = folder / "choices.json"
    chosen.write_text(
        split(lambda k: {"id": k, "question": f"{told}{k}?", "choices": CHOICES, "answer": "B"})
    )
    chunked = folder / "chunks.json"
    chunked.write_text(
        split(
            lambda k: {"question": f"{k}?", "answer": "17", "context_chunks": [f"{told}{k}"] * 10}
        )
    )
    table = folder / "numbers.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("question", "answer"))
        writer.writerows((f"{told}{k}?", k) for k in range(items))
    return {"mmlu": chosen, "gaia-text": chunked, "gsm8k": table}


def scorings(name: str, answers: int) -> Callable[[], object]:
    scorer = make_scorer(name, {}, "here")
    examples = cycle([Example("0", "?", (gold,), CHOICES) for gold in GOLDS[name]])
    pairs = list(islice(zip(examples, cycle(ANSWERS), strict=False), answers))
    return lambda: [scorer(example, answer) for example, answer in pairs]


if __name__ == "__main__":
    main()
