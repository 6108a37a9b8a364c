"""The ways of the particles through coefficient space (Model Swarms, Figure 8)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from hswarm.analysis.trajectories import Plane
from hswarm.figures.look import COLUMN, CYCLE, MARKERS, figure, new_figure


@figure
def draw_trajectories(plane: Plane, names: Sequence[str], labels: tuple[str, str]) -> Figure:
    """Draw a line per particle, its start hollow and its end filled; `labels` name the axes."""
    drawn = new_figure(COLUMN, 3.0)
    axes = drawn.add_subplot()
    axes.grid(visible=True, axis="both")
    for particle, name in enumerate(names):
        x, y = plane.points[:, particle].T
        colour = CYCLE[particle % len(CYCLE)]
        marker = MARKERS[(particle + particle // len(CYCLE)) % len(MARKERS)]
        axes.plot(x, y, color=colour, linewidth=1.0)
        axes.plot(x[0], y[0], marker, color=colour, markerfacecolor="white", markersize=5)
        axes.plot(x[-1], y[-1], marker, color=colour, markersize=5, label=name)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    if plane.explained is not None:
        axes.set_title(f"{plane.explained:.0%} of the variance")
    drawn.legend(loc="outside lower center", ncols=4, handletextpad=0.2, columnspacing=0.8)
    return drawn
