"""What part is played, by node, task or iteration (Heterogeneous Swarms, Figure 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matplotlib.figure import Figure

from hswarm.analysis.roles import LABELS, Label
from hswarm.figures.look import (
    BLUE,
    FAINT,
    GREEN,
    HATCHES,
    ORANGE,
    PAGE,
    figure,
    label_share,
    new_figure,
    upright,
)

COLOURS: Final[Mapping[Label, str]] = {
    "divide": ORANGE, "refine": BLUE, "feedback": GREEN, "irrelevant": FAINT,
}  # fmt: skip


@figure
def draw_roles(shares: Mapping[str, Mapping[Label, float]], what: str) -> Figure:
    """Draw a stack per key, in the order of `shares`; `what` says what the keys are."""
    drawn = new_figure(PAGE, 2.3)
    axes = drawn.add_subplot()
    places = range(len(shares))
    below = [0.0] * len(shares)
    for label, hatch in zip(LABELS, HATCHES, strict=False):
        parts = [share[label] for share in shares.values()]
        axes.bar(
            places, parts, bottom=below, width=0.7, color=COLOURS[label], hatch=hatch,
            edgecolor="white", linewidth=0.5, label=label,
        )  # fmt: skip
        below = [a + b for a, b in zip(below, parts, strict=True)]
    upright(axes, list(shares))
    label_share(axes, "share of outputs")
    axes.set_xlabel(what)
    drawn.legend(loc="outside upper left", ncols=len(LABELS))
    return drawn
