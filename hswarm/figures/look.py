"""The look that all figures share, and how they are written.

Colours are those of Okabe & Ito (2008), told apart by people with any kind of colour vision; where
a colour carries meaning, a hatch, a marker or a letter carries it as well. Equal data give equal
bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

P = ParamSpec("P")

COLUMN: Final = 3.4
PAGE: Final = 7.0
"""Inches: a column and the whole width of a page."""

BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
RED: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
INK: Final = "#1f2937"
FAINT: Final = "#9ca3af"
LINE: Final = "#e5e7eb"
CYCLE: Final = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, INK)
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
HATCHES: Final = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++")

RESOLUTION: Final = 200
"""Dots per inch of a PNG."""

STYLE: Final[dict[str, Any]] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 8.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 7.0,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "lines.markersize": 4.0,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.hashsalt": "hswarm",
}


def _settings() -> Any:
    return {**dict(mpl.rcParamsDefault), **STYLE}


@dataclass(frozen=True, slots=True)
class Picture:
    """A figure as files."""

    svg: bytes
    png: bytes


def figure(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Have a function draw in the common look, whatever the caller's settings are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(_settings()):
            return draw(*args, **kwargs)

    return drawn


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure, sizes in inches. It belongs to no window and no global state."""
    return Figure(figsize=(width, height), layout="constrained")


def write_picture(drawn: Figure) -> Picture:
    """Return a figure as SVG and PNG, without a date or a program's name in them."""
    with mpl.rc_context(_settings()):
        files = []
        for kind, metadata in (
            ("svg", {"Date": None, "Creator": None}),
            ("png", {"Software": None}),
        ):
            file = io.BytesIO()
            drawn.savefig(file, format=kind, metadata=metadata, dpi=RESOLUTION)
            files.append(file.getvalue())
    return Picture(*files)


def label_share(axes: Axes, what: str) -> None:
    """Have the y axis show a share from 0 to 1."""
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel(what)


def upright(axes: Axes, names: list[str]) -> None:
    """Name the places 0, 1, … of the x axis; many or long names are slanted."""
    crowded = sum(map(len, names)) > 34
    axes.set_xticks(
        range(len(names)), names, rotation=35 if crowded else 0, ha="right" if crowded else "center"
    )
    axes.tick_params(axis="x", length=0)
