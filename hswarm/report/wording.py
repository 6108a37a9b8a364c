"""How much the answers change when a question is put a little differently."""

from __future__ import annotations

from shlex import quote
from statistics import fmean

from hswarm.analysis.entropy import response_entropy
from hswarm.figures.entropy import draw_entropy
from hswarm.report.evidence import Evidence
from hswarm.report.section import Section, Shown, Table


def wording(evidence: Evidence) -> Section:
    """Return the entropy of the answers to ten versions of some questions."""
    title = "Sensitivity to the wording"
    entropies = {
        name: [response_entropy(answers) for answers in questions]
        for name, questions in evidence.rewordings.items()
        if questions
    }
    if not entropies:
        return Section(
            "wording",
            title,
            ["The models were not asked the same questions in other words."],
            commands=[f"hswarm report {quote(str(evidence.run.record.folder))} --ask"],
        )
    means = ", ".join(f"{name} {fmean(values):.2f}" for name, values in entropies.items())
    who = f"the judge {evidence.judge}" if evidence.judge else "local rules"
    rows = [
        (name, question, value)
        for name, values in entropies.items()
        for question, value in enumerate(values)
    ]
    return Section(
        "wording",
        title,
        [
            f"Mean entropy of the answers in bits: {means}. 0 is the same answer to every version, "
            f"3.32 ten different ones. The versions were written by {who}."
        ],
        [
            Shown(
                "wording",
                draw_entropy(entropies),
                "Bars: the mean over questions; dots: each question. Lower is steadier.",
            )
        ],
        [Table("wording", ("system", "question", "entropy in bits"), rows, shown=False)],
    )
