"""Every kind of figure looks as it was looked at and found good.

Where a figure is meant to change, HSWARM_DRAW=1 draws the golden images anew, to be looked at.
"""

import os
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from gallery import GALLERY
from matplotlib.testing.compare import compare_images

from hswarm.figures import look
from hswarm.figures.look import CYCLE, write_picture

GOLDEN = Path(__file__).parent / "golden"
TOLERANCE = 2.0
"""Root mean square of the difference, of 255: an antialiased edge may differ by a shade."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(look, "RESOLUTION", 80)


@pytest.mark.parametrize("kind", GALLERY)
def test_it_looks_as_before(kind, tmp_path):
    drawn = write_picture(GALLERY[kind]()).png
    golden = GOLDEN / f"{kind}.png"
    if os.environ.get("HSWARM_DRAW"):
        golden.write_bytes(drawn)
    now = tmp_path / "now.png"
    now.write_bytes(drawn)
    assert compare_images(str(golden), str(now), TOLERANCE) is None


def test_golden_images_are_of_the_gallery():
    assert {path.stem for path in GOLDEN.glob("*.png")} == set(GALLERY)


def test_a_difference_would_be_seen(tmp_path):
    one, other = tmp_path / "one.png", tmp_path / "other.png"
    one.write_bytes(write_picture(GALLERY["starts"]()).png)
    with mpl.rc_context():
        drawn = GALLERY["starts"]()
        drawn.axes[0].lines[0].set_color(CYCLE[3])
        other.write_bytes(write_picture(drawn).png)
    assert compare_images(str(one), str(other), 0.5) is not None


def test_equal_data_give_equal_bytes_whatever_the_callers_settings():
    first = write_picture(GALLERY["dynamics"]())
    with mpl.rc_context({"font.size": 30, "axes.grid": False}):
        again = write_picture(GALLERY["dynamics"]())
    assert first == again
    assert b"<dc:date>" not in first.svg
    assert not plt.get_fignums()  # nothing is left open
