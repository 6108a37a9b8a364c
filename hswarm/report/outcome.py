"""What was found, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterator

from hswarm.analysis.statistics import holm, stars, z_test
from hswarm.figures.systems import Bar, draw_systems
from hswarm.report.evidence import Evidence
from hswarm.report.numerals import show_count
from hswarm.report.section import Section, Shown, Table
from hswarm.search.result import Score, Selection, SystemReport


def outcome(evidence: Evidence) -> Section:
    """Return the utilities of all systems, with intervals and tests."""
    result = evidence.run.result
    systems = [s for s in (result.found, *result.compared) if s.test.utility is not None]
    corrected = _corrected(result.compared)
    bars = [
        Bar(s.name, s.test.utility, s.test.interval) for s in systems if s.test.utility is not None
    ]
    rows = [
        (
            s.name,
            s.dev.utility,
            s.dev.items,
            s.test.utility,
            s.test.items,
            *(s.test.interval or (None, None)),
            s.p_value,
            corrected.get(s.name),
            z := _z(result.found.test, s) if s is not result.found else None,
            stars(z) if z is not None else "",
        )
        for s in systems
    ]
    headings = (
        "system", "dev", "dev items", "test", "test items", "95% low", "95% high", "p",
        "p (Holm)", "p (z-test)", "z-test",
    )  # fmt: skip
    figures = []
    if bars:
        caption = "Utility on test with 95 % confidence intervals."
        figures.append(Shown("systems", draw_systems(bars, "utility on test"), caption))
    return Section(
        "outcome",
        "What was found, and how sure that is",
        [*_said(evidence, corrected), *_remarks(evidence)],
        figures,
        [Table("systems", headings, rows)],
    )


def _said(evidence: Evidence, corrected: dict[str, float]) -> list[str]:
    result = evidence.run.result
    found = result.found.test
    if found.utility is None:
        return ["Nothing could be scored on test."]
    low, high = found.interval or (found.utility, found.utility)
    texts = [
        f"On {show_count(found.items, 'item')} that the search did not see, the found system of "
        f"{show_count(evidence.run.models, 'model')} scores {found.utility:.3f} (95 % confidence "
        f"interval {low:.3f} to {high:.3f})."
    ]
    rival = max(
        (s for s in result.compared if s.test.utility is not None),
        key=lambda s: s.test.utility or 0.0, default=None,
    )  # fmt: skip
    if rival is not None and rival.test.utility is not None:
        p = corrected.get(rival.name)
        sure = (
            f"p = {p:.2g} after correction for {len(corrected)} comparisons"
            if p is not None
            else "not tested"
        )
        texts.append(
            f"The best of what it is compared with is {rival.name}, {rival.test.utility:.3f}: "
            f"{sure}. {_verdict(p, found.utility - rival.test.utility)}"
        )
    return texts


def _verdict(p: float | None, ahead: float) -> str:
    if p is None:
        return ""
    if ahead <= 0.0:
        return "The found system is no better than that."
    if p < 0.05:
        return "That it is better is unlikely to be chance."
    return "That may be chance: do not rely on it without more items or more seeds."


def _remarks(evidence: Evidence) -> list[str]:
    result, tried = evidence.run.result, len(evidence.dynamics.evaluations)
    texts = []
    if result.task.endswith("(bundled)"):
        texts.append("The task set is synthetic data made for small models, not the benchmark.")
    if result.selection is not None and tried > 1:
        texts += _bias(result.selection, tried)
    texts.append(
        "p: one-sided, on the same items, that the found system is no better (exact McNemar for "
        "right and wrong, a bootstrap for graded scores), then corrected by Holm's rule. Beside it "
        "is the papers' z-test, which takes the two for independent samples; its stars are theirs: "
        "*** p < 0.01, ** p < 0.05, * p < 0.1."
    )
    return texts


def _bias(selection: Selection, tried: int) -> Iterator[str]:
    """Say how much better the found system looked where it was chosen than it is elsewhere."""
    searched, held = selection.searched, selection.held
    if selection.bias is None or searched.utility is None:
        return
    kept = (
        f" and {held.utility:.3f} on the {held.items:,} that were held out of the search"
        if held is not None and held.utility is not None
        else ""
    )
    yield (
        f"It was chosen among {tried:,} that were tried, so that it looks better than it is where "
        f"it was chosen: it scores {searched.utility:.3f} on the "
        f"{show_count(searched.items, 'dev item')} that the search chose by{kept}. "
        f"The former less test is {selection.bias:+.3f}."
    )


def _corrected(compared: tuple[SystemReport, ...]) -> dict[str, float]:
    tested = {report.name: report.p_value for report in compared if report.p_value is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def _z(found: Score, other: SystemReport) -> float | None:
    """Return the z-test's p-value; None where scores are no proportions."""
    score = other.test
    if other.p_test != "McNemar" or found.utility is None or score.utility is None:
        return None
    right = (round(found.utility * found.items), round(score.utility * score.items))
    return z_test(right, (found.items, score.items))
