"""What runs say together: those of different pools, sparsity, dropout or method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from hswarm.analysis.importance import role_weight_importance
from hswarm.analysis.studies import Dropout, Point, sparsity
from hswarm.baselines.methods import BASELINES
from hswarm.figures.studies import draw_study
from hswarm.report.compared import Compared, grouped
from hswarm.report.pools import pools, weak_to_strong
from hswarm.report.section import Section, Shown, Table

_THRESHOLD, _PENALTY = "search.role.threshold", "search.role.density_penalty"
_SKIPPED = ("search.role.dropout", "search.weight.dropout")


def studies(runs: Sequence[Compared]) -> Iterator[Section | None]:
    """Yield a section for everything that some of the runs are a study of."""
    yield importance(runs)
    yield pools(runs)
    yield weak_to_strong(runs)
    yield sparse(runs)
    yield skipped(runs)


def importance(runs: Sequence[Compared]) -> Section | None:
    """Return how much roles and weights matter: runs that differ in their method alone."""
    rows = []
    for group in grouped(runs, "search.method"):
        by_method = {run.run.result.method: run for run in group}
        without_role, without_weight = by_method.get("weight-only"), by_method.get("role-only")
        if without_role is None or without_weight is None:
            continue
        full = by_method.get("heterogeneous")
        role, weight = (_baselines(group, aspect) for aspect in ("role", "weight"))
        consistent = ""
        if role and weight:
            found = role_weight_importance(
                role, weight, without_role=without_role.utility,
                without_weight=without_weight.utility,
            )  # fmt: skip
            consistent = "yes" if found.consistent else "no"
        rows.append(
            (
                group[0].run.result.task,
                sum(role) / len(role) if role else None,
                sum(weight) / len(weight) if weight else None,
                without_role.utility,
                without_weight.utility,
                full.utility if full is not None else None,
                consistent,
            )
        )
    if not rows:
        return None
    headings = (
        "task", "role baselines", "weight baselines", "without role", "without weight", "full",
        "consistent",
    )  # fmt: skip
    return Section(
        "importance",
        "Role and weight",
        [
            "Without role is weight-only, without weight is role-only. Consistent: what matters "
            "more in the search matters more among the baselines, too; it takes baselines of both "
            "kinds."
        ],
        tables=[Table("importance", headings, rows)],
    )


def sparse(runs: Sequence[Compared]) -> Section | None:
    """Return what sparser graphs save (Heterogeneous Swarms, Table 3)."""
    rows = []
    for group in grouped(runs, _THRESHOLD, _PENALTY):
        original = next((r for r in group if not _sparsity(r)[0] and not _sparsity(r)[1]), None)
        if original is None:
            continue
        for run in sorted(group, key=_sparsity):
            compared = sparsity(
                *_sparsity(run), run.utility, graph=run.run.dag, original=original.run.dag,
                tokens=_tokens(run), original_tokens=_tokens(original),
            )  # fmt: skip
            rows.append(
                (
                    run.name, compared.threshold, compared.penalty, compared.utility,
                    compared.edges_removed, compared.tokens_saved,
                )
            )  # fmt: skip
    if not rows:
        return None
    headings = ("run", "τ", "λ", "test", "edges removed", "tokens saved")
    return Section(
        "sparsity",
        "Sparsity",
        ["Edges removed is the papers' speed-up; tokens are those of the whole run per request."],
        tables=[Table("sparsity", headings, rows)],
    )


def skipped(runs: Sequence[Compared]) -> Section | None:
    """Return what skipped steps cost and save (Heterogeneous Swarms, Figure 9)."""
    found = []
    for group in grouped(runs, *_SKIPPED):
        for run in group:
            role, weight = run.run.record.config.search.role, run.run.record.config.search.weight
            steps = {
                (e["iteration"], e["step"])
                for e in run.run.record.events()
                if e["event"] == "evaluation" and e["step"] in ("role", "weight")
            }
            found.append((run, Dropout(role.dropout, weight.dropout, run.utility, len(steps))))
    if not found:
        return None
    lines = {
        name: [
            Point(p.role if name == "role" else p.weight, p.utility)
            for _, p in found
            if not (p.weight if name == "role" else p.role)
        ]
        for name in ("role", "weight")
    }
    lines = {f"Dropout-{k[0].upper()}": v for k, v in lines.items() if len(v) > 1}
    caption = "Utility by the share of skipped role-steps and weight-steps."
    rows = [(run.name, p.role, p.weight, p.utility, p.steps) for run, p in found]
    return Section(
        "dropout",
        "Dropout",
        figures=[Shown("dropout", draw_study(lines, "share of steps skipped"), caption)]
        if lines
        else [],
        tables=[Table("dropout", ("run", "d_r", "d_w", "test", "steps done"), rows)],
    )


def _baselines(runs: Sequence[Compared], aspect: str) -> list[float]:
    """Return what the baselines of roles, or of weights, come to on test.

    Each is a run; chains and stars are taken from what a search was compared with where no run is.
    """
    found = {run.run.result.method: run.utility for run in runs}
    for report in (report for run in runs for report in run.run.result.compared):
        for shape in ("chain", "star"):
            if shape in report.name and report.test.utility is not None:
                found.setdefault(shape, report.test.utility)
    return [u for name, u in found.items() if aspect in _kind(name) and isfinite(u)]


def _kind(method: str) -> str:
    """Return what a baseline chooses; Model Swarms moves weights and is one, too."""
    if method == "model-swarms":
        return "dynamic weight"
    return BASELINES[method].kind if method in BASELINES else ""


def _sparsity(run: Compared) -> tuple[float, float]:
    role = run.run.record.config.search.role
    return role.threshold, role.density_penalty


def _tokens(run: Compared) -> float | None:
    total = run.run.result.total
    return total.prompt_tokens / total.generated if total.generated else None
