import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hswarm.graph.dag import Dag
from hswarm.graph.draw import LEGEND, clean_names, draw_text
from hswarm.graph.shapes import chain, star


def drawing(*lines):
    return "\n".join([*lines, "", LEGEND])


def test_chain():
    assert draw_text(chain([2, 0, 1]), ["Ann", "Bo", "Cleo"]) == drawing(
        "layer 1   2 Cleo  ──╮",
        "layer 2   0 Ann   ◀─●─╮",
        "layer 3   1 Bo    ◀───●",
    )


def test_star():
    assert draw_text(star(range(5)), list("abcde")) == drawing(
        "layer 1   0 a  ──╮",
        "layer 2   1 b  ◀─●─╮",
        "          2 c  ◀─●─┼─╮",
        "          3 d  ◀─●─┼─┼─╮",
        "layer 3   4 e  ◀───●─●─●",
    )


def test_answers_that_pass_rows_by():
    dag = Dag.from_edges(5, [(0, 2), (1, 2), (1, 3), (0, 4), (2, 4), (3, 4)])
    assert draw_text(dag, list("abcde")) == drawing(
        "layer 1   0 a  ──╮",
        "          1 b  ──┼─╮",
        "layer 2   2 c  ◀─●─●─╮",
        "          3 d  ◀─┼─●─┼─╮",
        "layer 3   4 e  ◀─●───●─●",
    )


def test_a_lone_node_has_no_wires():
    assert draw_text(Dag(((),)), ["Ann"]) == "layer 1   0 Ann"


def test_names_cannot_break_the_drawing():
    text = draw_text(chain([0, 1]), ["two\nlines", "\x1b[31mred"])
    assert "two lines" in text
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


def test_a_name_is_missing():
    with pytest.raises(ValueError, match="2 nodes but 1 names"):
        draw_text(chain([0, 1]), ["Ann"])
    with pytest.raises(ValueError, match="1 nodes but 2 names"):
        clean_names(Dag(((),)), ["Ann", "Bo"])


@st.composite
def dags(draw):
    """Any graph of up to 12 nodes: every node but the last is read by some later one."""
    size = draw(st.integers(1, 12))
    names = draw(st.permutations(range(size)))
    edges = []
    for place in range(size - 1):
        readers = draw(st.sets(st.integers(place + 1, size - 1), min_size=1))
        edges += [(names[place], names[reader]) for reader in readers]
    return Dag.from_edges(size, edges)


@settings(max_examples=100, deadline=None)
@given(dags())
def test_the_drawing_says_exactly_the_edges(dag):
    text = draw_text(dag, ["x"] * len(dag))
    lines = text.removesuffix(LEGEND).rstrip().split("\n")
    nodes = [int(line[9:12]) if len(dag.layers()) < 10 else int(line[10:13]) for line in lines]
    wires = [line.split(" x")[1][2:] for line in lines]
    edges = {
        (nodes[(at - 2) // 2], node)
        for node, wire in zip(nodes, wires, strict=True)
        for at, glyph in enumerate(wire)
        if glyph == "●"
    }
    assert edges == set(dag.edges)
    for above, below in itertools.pairwise(wires):
        for at, glyph in enumerate(below):
            if glyph in "●┼│":  # what is read or passes has come down from the row above
                assert above[at] in "╮●┼│"
