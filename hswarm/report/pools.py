"""What runs say together that differ in their pool: more models, more diverse ones, the weaker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hswarm.analysis.studies import Point, WeakToStrong, Withheld, diversity, improvement, withhold
from hswarm.figures.studies import draw_bars, draw_study
from hswarm.report.compared import Compared, grouped
from hswarm.report.recall import recall_singles
from hswarm.report.section import Section, Shown, Table


def pools(runs: Sequence[Compared]) -> Section | None:
    """Return what more, or more diverse, models do: runs that differ in their pool alone."""
    scaling: dict[str, list[Point]] = {}
    distinct: dict[str, list[Point]] = {}
    rows = []
    for group in grouped(runs, "pool", "search.seed"):
        if len({_contents(run) for run in group}) < 2:
            continue
        for run in group:
            contents = _contents(run)
            shape = diversity(contents)
            task = run.run.result.task
            scaling.setdefault(task, []).append(Point(len(set(contents)), run.utility))
            if shape is not None:
                distinct.setdefault(f"{task}, {len(contents)} models", []).append(
                    Point(shape[0], run.utility)
                )
            told = f"{shape[0]}×{shape[1]}" if shape else "uneven"
            rows.append((run.name, task, len(contents), len(set(contents)), told, run.utility))
    if not rows:
        return None
    figures = [
        Shown(f"pools-{name}", draw_study(lines, what), caption)
        for name, lines, what, caption in (
            (
                "scaling",
                scaling,
                "different models in the pool",
                "Utility by the size of the pool.",
            ),
            (
                "diversity",
                {k: v for k, v in distinct.items() if len({p.setting for p in v}) > 1},
                "distinct models among as many",
                "Utility by how many of the models are distinct.",
            ),
        )
        if lines
    ]
    texts = [
        f"{task}: {gained:+.1%} from the least to the greatest number of models."
        for task, points in scaling.items()
        if (gained := improvement(points)) is not None
    ]
    headings = ("run", "task", "models", "distinct", "a×b", "test")
    return Section(
        "pools", "Size and diversity of the pool", texts, figures, [Table("pools", headings, rows)]
    )


def weak_to_strong(runs: Sequence[Compared]) -> Section | None:
    """Return systems of the weaker models beside the strongest alone."""
    pairs = list(_weak_and_strong(runs))
    if not pairs:
        return None
    strongest = {pair.strong for _, _, pair in pairs}
    bars = {f"{run.name}, without the {what}": pair.weak for run, what, pair in pairs}
    caption = "Bars: systems of the weaker models on test."
    if len(strongest) == 1:
        caption += " Line: the strongest model alone."
    line = next(iter(strongest)) if len(strongest) == 1 else None
    rows = [
        (run.name, what, pair.weak, pair.strong, "yes" if pair.reached else "no")
        for run, what, pair in pairs
    ]
    headings = ("run", "withheld", "weak", "strongest alone", "reached")
    return Section(
        "weak-to-strong",
        "Weak beats strong",
        figures=[Shown("weak-to-strong", draw_bars(bars, "utility on test", line), caption)],
        tables=[Table("weak-to-strong", headings, rows)],
    )


def _weak_and_strong(
    runs: Sequence[Compared],
) -> Iterator[tuple[Compared, Withheld, WeakToStrong]]:
    """Yield the runs that are others without their best models, and what was withheld."""
    kinds: tuple[Withheld, ...] = ("best", "top half")
    for whole in runs:
        alone, strong = recall_singles(whole.run), _best_single(whole)
        if alone is None or strong is None:
            continue
        for what in kinds:
            rest = set(withhold(alone, what))
            for run in runs:
                same = run.rest("pool") == whole.rest("pool")
                if run is not whole and same and set(run.run.roster.names) == rest:
                    yield run, what, WeakToStrong(run.utility, strong)


def _contents(run: Compared) -> tuple[str, ...]:
    """Return a fingerprint of every agent in a run's pool."""
    experts = [e.fingerprint for family in run.run.pool.families for e in family.experts]
    return (*experts, *map(repr, run.run.pool.others.values()))


def _best_single(run: Compared) -> float | None:
    return next((r.test.utility for r in run.run.result.compared if r.name == "best single"), None)
