"""What reports, transcripts and watching cost.

    python benchmarks/report.py [--items N] [--iterations 20] [--events 20000] [--real] [--write]

A run whose answers are made up, so that what is measured is everything but the models: the search's
own work is then as small as it can be, and shares of it are upper bounds. In one run:

- report: seconds and bytes of the page of a run of 20 iterations, without the models;
- transcripts: what is written for them and the other analyses alone, as a share of the same run
  with models (`--tokens-per-second` says how fast they are). They are built again from the journal
  and the memo, which a run needs to go on after a kill; what those two take is told as well,
  without a bar. With `--real` the tiny pool answers, and shares are of the time that takes;
- watch: journal events a second that the server turns into news.
"""

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path

from hswarm.api import configure, start
from hswarm.config import RunConfig
from hswarm.engines import assemble
from hswarm.engines.request import Completion
from hswarm.report.write import write_report
from hswarm.session import Watch
from hswarm.store.journal import Journal
from hswarm.store.memo import SqliteMemo
from hswarm.store.run import Run
from hswarm.tasks.load import load_task
from hswarm.watch.news import Teller

RESULT = Path(__file__).parent / "results" / "report.json"
TOKENS = 8
"""Of a made-up answer."""


class MadeUp:
    def __init__(self, task):
        self.gold = {e.question: e.answers[0] for e in (*task.dev, *task.test)}

    def run(self, requests, audience, /):
        yield [(place, self.answer(request)) for place, request in enumerate(requests)]

    def answer(self, request):
        gold = self.gold.get(request.prompt.partition("Question: ")[2], "nothing")
        told = request.prompt.count(f"The answer is {gold}.")
        luck = int(hashlib.sha256(request.key().encode()).hexdigest()[:6], 16) / 16**6
        said = gold if luck < 0.15 + 0.3 * told else f"guess {int(9 * luck)}"
        return Completion(f"So it is. The answer is {said}.", len(request.prompt) // 4, TOKENS)


class Clock:
    """Adds up the time in some methods, of those calls that count."""

    def __init__(self, counts=lambda event: True):
        self.counts = counts
        self.seconds = 0.0

    def around(self, owner, name):
        method = getattr(owner, name)

        def timed(self_, argument):
            began = time.perf_counter()
            try:
                return method(self_, argument)
            finally:
                if self.counts(argument):
                    self.seconds += time.perf_counter() - began

        setattr(owner, name, timed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, help="of each split; by default all")
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--tokens-per-second", type=float, default=2000.0)
    parser.add_argument("--real", action="store_true", help="The tiny pool answers.")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    task = load_task("gaia-text", limit=options.items)
    if not options.real:
        assemble.load_runner = lambda *_: MadeUp(task)
    recording = Clock(lambda event: event.get("event") == "graphs")
    recording.around(Journal, "append")
    resuming = Clock()
    for owner, name in ((SqliteMemo, "save"), (Journal, "append")):
        resuming.around(owner, name)
    config = configure(
        "gaia-text",
        pool="tiny",
        limit=options.items,
        max_iterations=options.iterations,
        settings={"search": {"patience": options.iterations + 1}},
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "run"
        began = time.perf_counter()
        result = start(config, folder, Watch())
        searching = time.perf_counter() - began
        models = 0.0 if options.real else result.total.generated_tokens / options.tokens_per_second
        began = time.perf_counter()
        page = write_report(folder)
        reporting = time.perf_counter() - began
        figures = {
            "models": "tiny" if options.real else f"{options.tokens_per_second:g} tokens a second",
            "iterations": result.iterations,
            "dev_items": len(task.dev),
            "test_items": len(task.test),
            "report_seconds": round(reporting, 2),
            "report_bytes": page.stat().st_size,
            "transcripts_seconds": round(recording.seconds, 4),
            "transcripts_share_of_the_run": round(recording.seconds / (searching + models), 6),
            "journal_and_memo_seconds": round(resuming.seconds, 2),
            "journal_and_memo_share_of_the_run": round(resuming.seconds / (searching + models), 4),
            "answers_recorded": result.total.generated,
            "watch_events_per_second": round(watched(Path(place) / "watched", options.events)),
            "bars": {
                "report_seconds": 20,
                "report_bytes": 5_000_000,
                "transcripts_share_of_the_run": 0.02,
                "watch_events_per_second": 1000,
            },
        }
    print(json.dumps(figures, indent=1))
    if options.write:
        RESULT.write_text(json.dumps(figures, indent=1) + "\n")


def watched(folder: Path, events: int) -> float:
    """Return how many events a second are read, made small and written as JSON."""
    chain = [[k - 1] if k else [] for k in range(10)]
    with Run.create(folder, RunConfig(task="gaia-text"), {}) as run:
        for k in range(events):
            run.journal.append(
                {
                    "event": "evaluation", "iteration": k // 100, "step": "role", "parents": chain,
                    "agents": list(range(10)), "rows": [[0.1] * 10] * 10,
                    "utility": k / events, "unscored": 0,
                }
            )  # fmt: skip
        teller = Teller(folder, [])
        began = time.perf_counter()
        while news := teller.tell():
            json.dumps(news)
        return events / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
