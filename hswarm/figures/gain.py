"""Collaborative gain by bucket (Heterogeneous Swarms, Figure 3)."""

from __future__ import annotations

from matplotlib.figure import Figure

from hswarm.analysis.gain import Gain
from hswarm.figures.look import BLUE, FAINT, INK, PAGE, figure, label_share, new_figure


@figure
def draw_gain(gain: Gain) -> Figure:
    """Draw the problems of every bucket and how many are solved; beside it, Acc against n/N."""
    drawn = new_figure(PAGE, 2.3)
    counts, shares = drawn.subplots(1, 2)
    places = [bucket.solvers for bucket in gain.buckets]
    counts.bar(places, [b.problems for b in gain.buckets], color=FAINT, label="problems")
    counts.bar(places, [b.solved for b in gain.buckets], color=BLUE, label="solved by the system")
    counts.set_ylabel("problems")
    full = [bucket for bucket in gain.buckets if bucket.problems]
    shares.bar([b.solvers for b in full], [b.accuracy or 0.0 for b in full], color=BLUE)
    shares.plot(
        places, [b.expected for b in gain.buckets], "--", color=INK, marker="o", markersize=2.5,
        label="expected of one model at random",
    )  # fmt: skip
    label_share(shares, "accuracy of the system")
    drawn.legend(loc="outside upper left", ncols=3)
    for axes in (counts, shares):
        axes.set_xticks(places)
        axes.set_xlabel("models that solve it alone")
    value = gain.value
    if value is not None:
        shares.set_title(f"C-Gain {value:+.3f}")
    return drawn
