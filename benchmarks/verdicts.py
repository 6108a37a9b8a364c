"""Whether variants of a search are better than what they are variants of, as a table and a picture.

Compared are the scores of what was found on items that no search has seen, item by item and seed by
seed. Intervals are 95 % and p-values two-sided, both from one bootstrap over items and seeds
together (`hswarm.analysis.resample`): the chance of the items and of the searches' own draws.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from hswarm.analysis.resample import FloatMatrix, interval, superiority
from hswarm.analysis.statistics import Interval, holm
from hswarm.figures.look import BLUE, FAINT, INK, PAGE, figure, new_figure

ALL = "all tasks"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Gain:
    """What one is better by than another: the mean over items and seeds, and how sure that is."""

    mean: float
    interval: Interval
    p_value: float

    @classmethod
    def of(cls, first: FloatMatrix, second: FloatMatrix) -> "Gain":
        """Compare scores of seeds × items, NaN where one could not be scored."""
        differences = first - second
        parts = np.zeros(differences.shape[1], dtype=np.int64)
        nothing = np.zeros_like(differences)
        one_sided = (
            superiority(differences, nothing, parts),
            superiority(nothing, differences, parts),
        )
        mean = float(np.nanmean(differences))
        return cls(mean, interval(differences, parts), min(1.0, 2.0 * min(one_sided)))

    @property
    def sure(self) -> bool:
        """Whether the interval has no 0 in it."""
        return self.interval.low > 0.0 or self.interval.high < 0.0

    def __str__(self) -> str:
        return f"{self.mean:+.3f} ({self.interval.low:+.3f} … {self.interval.high:+.3f})"


@dataclass(frozen=True)
class Verdict:
    """What a variant gains over its base, task by task, and on all of them as on one."""

    base: str
    by_task: Mapping[str, Gain]
    corrected: float
    """The p-value on all tasks, for how many variants of its base there are (Holm)."""


def scores(rows: Sequence[Row]) -> FloatMatrix:
    """Return what rows scored on unseen items, seeds × items."""
    return np.array([row["scores"] for row in rows], dtype=np.float64)


def by_variant(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the rows of each task and variant."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row["task"], row["variant"]), []).append(row)
    return grouped


def judge(rows: Sequence[Row], base: Callable[[str], str]) -> dict[str, Verdict]:
    """Compare each variant with what `base` names for it, on the tasks that both were run on."""
    grouped = by_variant(rows)
    tasks = list(dict.fromkeys(task for task, _ in grouped))
    gains: dict[str, dict[str, Gain]] = {}
    for variant in dict.fromkeys(variant for _, variant in grouped):
        both = [t for t in tasks if {(t, variant), (t, base(variant))} <= grouped.keys()]
        if not both or base(variant) == variant:
            continue
        own, others = [
            [scores(grouped[task, name]) for task in both] for name in (variant, base(variant))
        ]
        gains[variant] = dict(zip(both, map(Gain.of, own, others), strict=True))
        if len(both) > 1:
            gains[variant][ALL] = Gain.of(np.hstack(own), np.hstack(others))
    verdicts = {}
    for name in dict.fromkeys(map(base, gains)):
        family = {variant: of for variant, of in gains.items() if base(variant) == name}
        last = [list(of.values())[-1].p_value for of in family.values()]
        for (variant, of), corrected in zip(family.items(), holm(last), strict=True):
            verdicts[variant] = Verdict(name, of, corrected)
    return verdicts


def table(rows: Sequence[Row], verdicts: Mapping[str, Verdict], unseen: str) -> str:
    """Return Markdown: what variants gain; then what they found and what that took."""
    return (
        f"{_gains(verdicts, unseen)}\n{_details(rows, unseen)}"
        if verdicts
        else (_details(rows, unseen))
    )


def _gains(verdicts: Mapping[str, Verdict], unseen: str) -> str:
    tasks = _fields(verdicts)
    lines = grid([f"difference on {unseen}", "to", *tasks, "p, corrected"])
    for variant, verdict in verdicts.items():
        cells = [str(verdict.by_task.get(task, "")) for task in tasks]
        lines.append(line([variant, verdict.base, *cells, _spell(verdict.corrected)]))
    return "\n".join(lines) + "\n"


def _details(rows: Sequence[Row], unseen: str) -> str:
    means = {
        "iterations": ".1f",
        "systems": ",.0f",
        "tokens": ",.0f",
        "dev": ".3f",
        "bias": "+.3f",
    }
    lines = grid(["task", "variant", "seeds", *means, unseen, "dev, by step"])
    for (task, variant), group in by_variant(rows).items():
        cells = [
            format(float(np.mean([row[of] for row in group])), form) for of, form in means.items()
        ]
        own = scores(group)
        span = interval(own, np.zeros(own.shape[1], dtype=np.int64))
        found = f"{np.nanmean(own):.3f} ({span.low:.3f} … {span.high:.3f})"
        steps = dict.fromkeys(step for row in group for step in row["rises"])
        rises = ", ".join(
            f"{step} {np.mean([row['rises'].get(step, 0.0) for row in group]):+.3f}"
            for step in steps
        )
        lines.append(line([task, variant, str(len(group)), *cells, found, rises]))
    return "\n".join(lines) + "\n"


def line(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def grid(heads: Sequence[str]) -> list[str]:
    """Return the first two lines of a Markdown table."""
    return [line(heads), "|---" * len(heads) + "|"]


@figure
def draw(verdicts: Mapping[str, Verdict], unseen: str) -> Figure:
    """Draw what variants gain over their bases, a panel per task; blue where 0 is outside."""
    fields, variants = _fields(verdicts), list(verdicts)[::-1]
    drawn = new_figure(PAGE, 0.7 + 0.17 * len(variants))
    panels = drawn.subplots(1, len(fields), sharex=True, sharey=True, squeeze=False)[0]
    for axes, field in zip(panels, fields, strict=True):
        axes.axvline(0.0, color=FAINT, linestyle="--", linewidth=0.8)
        for place, variant in enumerate(variants):
            if gain := verdicts[variant].by_task.get(field):
                colour = BLUE if gain.sure else INK
                axes.hlines(place, gain.interval.low, gain.interval.high, color=colour)
                axes.plot(gain.mean, place, "o" if gain.sure else "s", color=colour)
        axes.set_yticks(range(len(variants)), variants)
        axes.set_ylim(-0.6, len(variants) - 0.4)
        axes.locator_params(axis="x", nbins=5)
        axes.set_title(field)
        axes.grid(axis="x")
    drawn.supxlabel(f"difference on {unseen}", fontsize=8.0)
    return drawn


def _fields(verdicts: Mapping[str, Verdict]) -> list[str]:
    """Return the tasks, and all of them as the last."""
    fields = list(dict.fromkeys(task for verdict in verdicts.values() for task in verdict.by_task))
    return sorted(fields, key=lambda field: field == ALL)


def _spell(p_value: float) -> str:
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"
