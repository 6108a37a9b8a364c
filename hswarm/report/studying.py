"""What runs say together that differ in the pool, in sparsity, in dropout or in the method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hswarm.analysis.importance import role_weight_importance
from hswarm.analysis.studies import (
    Dropout,
    Point,
    WeakToStrong,
    diversity,
    improvement,
    sparsity,
    withhold,
)
from hswarm.figures.studies import draw_bars, draw_study
from hswarm.report.compared import Compared, grouped
from hswarm.report.recall import recall_singles
from hswarm.report.section import Section, Shown, Table

_THRESHOLD, _PENALTY = "search.role.threshold", "search.role.density_penalty"
_SKIPPED = ("search.role.dropout", "search.weight.dropout")
_ROLE_BASELINES = ("chain", "star", "gpt-swarm", "meta-agent", "agent-prune", "gnn")
_WEIGHT_BASELINES = (
    "soup", "slerp", "dare-ties", "model stock", "pack of", "cbtm", "evolmerge", "lorahub",
    "data merge", "model swarms",
)  # fmt: skip


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
        role, weight = (_baselines(group, names) for names in (_ROLE_BASELINES, _WEIGHT_BASELINES))
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
    values: dict[str, float] = {}
    rows = []
    strong = None
    for whole in runs:
        alone = recall_singles(whole.run)
        if alone is None:
            continue
        for what in ("best", "top half"):
            rest = set(withhold(alone, what))
            for run in runs:
                if (
                    run is whole
                    or set(run.run.roster.names) != rest
                    or run.rest("pool") != whole.rest("pool")
                ):
                    continue
                strong = _best_single(whole)
                if strong is None:
                    continue
                pair = WeakToStrong(run.utility, strong)
                values[f"without the {what}"] = pair.weak
                rows.append(
                    (run.name, what, pair.weak, pair.strong, "yes" if pair.reached else "no")
                )
    if not rows:
        return None
    caption = "Bars: systems of the weaker models on test. Line: the strongest model alone."
    return Section(
        "weak-to-strong",
        "Weak beats strong",
        figures=[Shown("weak-to-strong", draw_bars(values, "utility on test", strong), caption)],
        tables=[
            Table("weak-to-strong", ("run", "withheld", "weak", "strongest alone", "reached"), rows)
        ],
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


def _baselines(runs: Sequence[Compared], kinds: Sequence[str]) -> list[float]:
    reports = {r.name: r.test.utility for run in runs for r in run.run.result.compared}
    return [
        utility
        for name, utility in reports.items()
        if utility is not None and any(kind in name.lower() for kind in kinds)
    ]


def _contents(run: Compared) -> tuple[str, ...]:
    """Return a fingerprint of every agent in a run's pool."""
    experts = [e.fingerprint for family in run.run.pool.families for e in family.experts]
    return (*experts, *map(repr, run.run.pool.others.values()))


def _best_single(run: Compared) -> float | None:
    return next((r.test.utility for r in run.run.result.compared if r.name == "best single"), None)


def _sparsity(run: Compared) -> tuple[float, float]:
    role = run.run.record.config.search.role
    return role.threshold, role.density_penalty


def _tokens(run: Compared) -> float | None:
    total = run.run.result.total
    return total.prompt_tokens / total.generated if total.generated else None
