import itertools
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.shapes import chain, star
from hswarm.graph.svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"


def picture(dag, names=None):
    return ET.fromstring(draw_svg(dag, names or [f"agent {k}" for k in range(len(dag))]))


def boxes(root):
    """Left, top, right, bottom of every node's box."""
    found = []
    for rect in root.iterfind(f"{SVG}g/{SVG}rect"):
        x, y, w, h = (float(rect.get(key)) for key in ("x", "y", "width", "height"))
        found.append((x, y, x + w, y + h))
    return found


def arrows(root):
    return [
        tuple(float(v) for v in re.match(r"M(\S+) (\S+?)l", path.get("d")).groups())
        for path in root.iterfind(f"{SVG}path[@class='arrow']")
    ]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.8]))
def test_every_node_has_a_box_and_every_edge_an_arrow(size, seed, top_p):
    rng = np.random.default_rng(seed)
    dag = decode(rng.random((size, size)), top_p=top_p, edges="each", rng=rng)
    root = picture(dag)
    texts = [text.text for text in root.iterfind(f"{SVG}g/{SVG}text")]
    assert sorted(texts) == sorted(f"agent {k}" for k in range(size))
    assert len(arrows(root)) == len(dag.edges)
    # Each arrow ends on the left side of a box, as many on each as the node has parents.
    hits = [
        sum(x == left and top < y < bottom for x, y in arrows(root))
        for left, top, _, bottom in boxes(root)
    ]
    assert sorted(hits) == sorted(len(parents) for parents in dag.parents)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_boxes_lie_apart_and_inside(size, seed):
    rng = np.random.default_rng(seed)
    root = picture(decode(rng.random((size, size)), top_p=0.8, edges="each", rng=rng))
    width, height = float(root.get("width")), float(root.get("height"))
    for left, top, right, bottom in boxes(root):
        assert 0 < left < right < width
        assert 0 < top < bottom < height
    for a, b in itertools.combinations(boxes(root), 2):
        assert a[2] < b[0] or b[2] < a[0] or a[3] < b[1] or b[3] < a[1]


def test_a_wire_to_a_later_layer_passes_between_the_boxes():
    dag = Dag.from_edges(4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    root = picture(dag)
    through = [p.get("d") for p in root.iterfind(f"{SVG}path") if "H" in p.get("d")]
    assert len(through) == 2
    for path in through:
        y = float(re.search(r"(\S+)H", path).group(1))
        assert all(not top <= y <= bottom for left, top, _, bottom in boxes(root)[1:3])


def test_layers_go_from_left_to_right():
    root = picture(star([2, 0, 1, 3]))
    by_name = {
        group.find(f"{SVG}text").text: float(group.find(f"{SVG}rect").get("x"))
        for group in root.iterfind(f"{SVG}g")
    }
    assert by_name["agent 2"] < by_name["agent 0"] == by_name["agent 1"] < by_name["agent 3"]


def test_names_are_escaped_shortened_and_told_in_full():
    long = "an agent with quite a long name indeed"
    root = picture(chain([0, 1]), ["<b>&\"x'\x00", long])
    texts = [text.text for text in root.iterfind(f"{SVG}g/{SVG}text")]
    assert texts == ["<b>&\"x'�", "an agent with quite a long …"]
    titles = [title.text for title in root.iterfind(f"{SVG}g/{SVG}title")]
    assert titles[1] == f"{long} (node 1) reads <b>&\"x'�"


def test_entry_middle_and_end_look_different():
    root = picture(chain([0, 1, 2, 3]))
    fills = [rect.get("fill") for rect in root.iterfind(f"{SVG}g/{SVG}rect")]
    assert fills[1] == fills[2]
    assert len(set(fills)) == 3


def test_the_same_graph_gives_the_same_picture():
    assert draw_svg(star(range(6)), list("abcdef")) == draw_svg(star(range(6)), list("abcdef"))


def test_a_name_is_missing():
    with pytest.raises(ValueError, match="2 nodes but 1 names"):
        draw_svg(chain([0, 1]), ["Ann"])
