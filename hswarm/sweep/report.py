"""What a sweep found: its runs, and the effect of each hyperparameter (Model Swarms, Table 9)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hswarm.analysis.statistics import Interval, mean_interval
from hswarm.figures.effects import Effect, draw_effects
from hswarm.figures.look import write_picture
from hswarm.store import values
from hswarm.store.disk import replace_file
from hswarm.sweep.config import Value
from hswarm.sweep.folder import SweepFolder

JSON: Final = "sweep.json"
CSV: Final = "runs.csv"
MARKDOWN: Final = "effects.md"
PICTURE: Final = "effects"


@dataclass(frozen=True, slots=True)
class Row:
    """A run of the sweep that is done."""

    run: int
    values: Mapping[str, Value]
    dev: float | None
    test: float | None
    evaluations: int
    generated_tokens: int
    """What it would have had to generate alone."""


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over runs, with its 95 % confidence interval where there is more than one run."""

    mean: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Level:
    """All runs in which a hyperparameter had a value."""

    name: str
    value: Value
    runs: int
    dev: Mean | None
    test: Mean | None


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What is known of a sweep so far."""

    task: str
    runs: int
    rows: tuple[Row, ...]
    """The best on dev first."""
    failed: Mapping[int, str]
    levels: tuple[Level, ...]
    alone: int
    """Tokens that all runs together would have generated without the common memo."""
    generated: int
    """Tokens that were generated: those of runs under way included."""

    @property
    def share(self) -> float | None:
        """What part of the tokens was generated; None while no run is done."""
        return self.generated / self.alone if self.alone else None


def read_report(folder: SweepFolder) -> SweepReport:
    """Return what a sweep found so far."""
    drawn, results = folder.draws.drawn(), folder.results()
    rows = [
        Row(run, drawn[run], r.dev, r.test, r.evaluations, r.generated_tokens)
        for run, r in results.items()
        if run in drawn
    ]
    rows.sort(key=lambda row: (-(row.dev if row.dev is not None else float("-inf")), row.run))
    with folder.open_memo() as memo:
        generated = memo.generated_tokens()
    titles = {result.task for result in results.values()}
    return SweepReport(
        task=titles.pop() if titles else folder.config.task,
        runs=folder.config.runs,
        rows=tuple(rows),
        failed=folder.failures(),
        levels=tuple(_levels(folder.config.grid, rows)),
        alone=sum(row.generated_tokens for row in rows),
        generated=generated,
    )


def write_report(folder: Path, report: SweepReport) -> None:
    """Write sweep.json, runs.csv, effects.md, effects.svg and effects.png into `folder`."""
    replace_file(folder / JSON, values.dumps(as_json(report), indent=1).encode() + b"\n")
    replace_file(folder / CSV, _csv(report).encode())
    replace_file(folder / MARKDOWN, markdown(report).encode())
    effects = [
        Effect(level.name, _say(level.value), score.mean, score.interval)
        for level in report.levels
        if (score := level.dev) is not None
    ]
    if effects:
        picture = write_picture(draw_effects(effects))
        replace_file(folder / f"{PICTURE}.svg", picture.svg)
        replace_file(folder / f"{PICTURE}.png", picture.png)


def as_json(report: SweepReport) -> dict[str, Any]:
    """Return everything that the report knows."""
    return {**asdict(report), "failed": {str(run): why for run, why in report.failed.items()}}


def markdown(report: SweepReport) -> str:
    """Return the effects as a table."""
    lines = [
        f"{report.task}: {len(report.rows)} of {report.runs} runs; mean (95 % interval) over runs.",
        "",
        "| hyperparameter | value | runs | dev | test |",
        "|---|---|---|---|---|",
    ]
    for level in report.levels:
        scores = (show_mean(level.dev), show_mean(level.test))
        lines.append(
            f"| {level.name} | {_say(level.value)} | {level.runs} | {' | '.join(scores)} |"
        )
    return "\n".join(lines) + "\n"


def show_mean(score: Mean | None) -> str:
    """Return a mean and its interval."""
    if score is None:
        return "–"
    if score.interval is None:
        return f"{score.mean:.3f}"
    return f"{score.mean:.3f} ({score.interval.low:.3f} … {score.interval.high:.3f})"


def _levels(grid: Mapping[str, Sequence[Value]], rows: Sequence[Row]) -> Iterator[Level]:
    for name, choices in grid.items():
        for value in choices:
            some = [row for row in rows if row.values[name] == value]
            dev, test = (_mean([getattr(row, split) for row in some]) for split in ("dev", "test"))
            yield Level(name, value, len(some), dev, test)


def _mean(scores: Sequence[float | None]) -> Mean | None:
    known = [score for score in scores if score is not None]
    if not known:
        return None
    mean = sum(known) / len(known)
    # A run's score is a number, not a right or wrong answer: a lone one says nothing of the spread.
    return Mean(mean, mean_interval(known) if len(known) > 1 else None)


def _say(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _csv(report: SweepReport) -> str:
    text = io.StringIO()
    names = list(dict.fromkeys(level.name for level in report.levels))
    scores = ("dev", "test", "evaluations", "generated_tokens")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", *names, *scores])
    for row in sorted(report.rows, key=lambda row: row.run):
        drawn = [row.values[name] for name in names]
        writer.writerow([row.run, *drawn, *(getattr(row, score) for score in scores)])
    return text.getvalue()
