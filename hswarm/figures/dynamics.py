"""How a search went (Model Swarms, Figure 15; Heterogeneous Swarms, Figure 12)."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hswarm.analysis.dynamics import Dynamics, Swarm
from hswarm.figures.look import BLUE, FAINT, ORANGE, PAGE, figure, new_figure


@figure
def draw_dynamics(dynamics: Dynamics, unit: str = "iteration") -> Figure:
    """Draw the best utility over the iterations, and the particles of every swarm beside it."""
    swarms = [("graphs", dynamics.graphs), *(
        (f"weights {family}".strip(), swarm) for family, swarm in dynamics.weights.items()
    )]  # fmt: skip
    shown = [(name, swarm) for name, swarm in swarms if swarm.utilities]
    drawn = new_figure(PAGE, 2.3)
    panels = drawn.subplots(1, 1 + len(shown), squeeze=False)[0]
    _draw_best(panels[0], dynamics)
    for axes, (name, swarm) in zip(panels[1:], shown, strict=True):
        _draw_swarm(axes, swarm)
        axes.set_title(f"swarm of {name}")
    for axes in panels:
        axes.set_xlabel(unit)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    return drawn


def _draw_best(axes: Axes, dynamics: Dynamics) -> None:
    seen = [(iteration, utility) for iteration, _, utility in dynamics.evaluations]
    axes.plot(
        [i for i, _ in seen], [u for _, u in seen], ".", color=FAINT, markersize=3,
        label="a system tried", rasterized=len(seen) > 1000,
    )  # fmt: skip
    axes.step(
        range(len(dynamics.best)), dynamics.best, where="post", color=BLUE, label="best so far"
    )
    if dynamics.best:
        axes.plot(len(dynamics.best) - 1, dynamics.best[-1], "o", color=BLUE)
    axes.set_ylabel("utility on dev")
    axes.set_title("global best")
    axes.legend(loc="lower right")


def _draw_swarm(axes: Axes, swarm: Swarm) -> None:
    """Draw a line per particle and their mean; where one was not scored its line is broken."""
    utilities = swarm.utility_matrix()
    axes.plot(swarm.iterations, utilities, color=FAINT, linewidth=0.8, marker=".", markersize=2.5)
    scored = np.ma.masked_invalid(utilities)
    axes.plot(swarm.iterations, scored.mean(axis=1), color=ORANGE, linewidth=1.8)
