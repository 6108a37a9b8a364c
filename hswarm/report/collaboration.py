"""What the models solve together, and what they learned on the way."""

from __future__ import annotations

from shlex import quote

import numpy as np

from hswarm.analysis.correctness import correctness
from hswarm.analysis.emergence import LEVELS, correctness_emergence
from hswarm.analysis.gain import collaborative_gain
from hswarm.figures.emergence import draw_emergence
from hswarm.figures.gain import draw_gain
from hswarm.report.evidence import Evidence
from hswarm.report.numerals import show_count
from hswarm.report.section import Section, Shown, Table


def gain(evidence: Evidence) -> Section | None:
    """Return the collaborative gain; None where not all single models are known on a split."""
    split = evidence.complete(evidence.singles)
    if split is None or evidence.run.models < 2:
        return None
    singles = evidence.singles[split]
    scores = [evidence.found[split].scores, *(r.scores for r in singles.values())]
    right, kept = correctness(scores)
    if not kept:
        return None
    found = collaborative_gain(right[1:], right[0])
    impossible = found.buckets[0]
    texts = [
        f"C-Gain on {len(kept):,} {split} items is {found.value:+.3f}: "
        + _meaning(found.value or 0.0, found.problems - found.buckets[0].problems),
        "Problems are in buckets by how many of the single models solve them. Whoever asked one of "
        "the models at random would be right on n/N of those that n of N solve; C-Gain is by how "
        "much the system does better, over all buckets but the first.",
    ]
    if impossible.problems:
        texts.append(
            f"Of {show_count(impossible.problems, 'problem')} that no model solves alone, the "
            f"system solves {impossible.solved:,} (Acc(B0) = {impossible.accuracy:.3f})."
        )
    if split == "dev":
        texts.append(
            "These are the items that the system was chosen by. For those that it has not seen, "
            "the single models have to be asked."
        )
    rows = [(b.solvers, b.problems, b.solved, b.accuracy, b.expected) for b in found.buckets]
    headings = ("solved alone by", "problems", "solved by the system", "accuracy", "expected")
    caption = "Left: problems by how many models solve them alone. Right: accuracy in each bucket."
    return Section(
        "gain",
        "Collaborative gain",
        texts,
        [Shown("gain", draw_gain(found), caption)],
        [Table("gain", headings, rows)],
        [_ask(evidence)] if split == "dev" else [],
    )


def _meaning(value: float, problems: int) -> str:
    if value > 0:
        return "together the models solve more than one of them at random would."
    return (
        f"on the {show_count(problems, 'problem')} that some model solves alone, the system does "
        "not beat one of them at random."
    )


def emergence(evidence: Evidence) -> Section | None:
    """Return how correctness levels changed; None where the moved models are not known alone."""
    if not evidence.moved["dev"]:
        return None
    both = {
        split: {
            **{f"before {n}": r for n, r in evidence.singles[split].items()},
            **{f"after {n}": r for n, r in evidence.moved[split].items()},
        }
        for split in ("dev", "test")
    }
    split = evidence.complete(both)
    if split is None:
        return Section(
            "emergence",
            "Correctness emergence",
            ["The moved models were not asked alone in this run."],
            commands=[_ask(evidence)],
        )
    experts = {n for family in evidence.run.roster.families for n in family.names}
    before = [r.scores for n, r in evidence.singles[split].items() if n in experts]
    after = [recalled.scores for recalled in evidence.moved[split].values()]
    right, kept = correctness([*before, *after])
    table = correctness_emergence(right[: len(before)], right[len(before) :])
    rows = [(LEVELS[i], *row) for i, row in enumerate(table.table)]
    surge, emerged = (_share(value) for value in (table.surge, table.emerge))
    still = bool(np.array_equal(right[: len(before)], right[len(before) :]))
    return Section(
        "emergence",
        "Correctness emergence",
        [
            f"C-surge {surge}: the share of {len(kept):,} {split} items that more of the models "
            f"solve after the search than before. C-emerge {emerged}: of what no model solved "
            "before, the share that one does now. Each model is asked alone, as it came and where "
            "its particle did best.",
            *(["The models answer these items as they did before."] if still else []),
        ],
        [
            Shown(
                "emergence",
                draw_emergence(table),
                "Items by how many of the models solve them before (rows) and after (columns).",
            )
        ],
        [Table("emergence", ("before \\ after", *LEVELS), rows)],
    )


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _ask(evidence: Evidence) -> str:
    return f"hswarm report {quote(str(evidence.run.record.folder))} --ask"
