from pathlib import Path

import pytest
import yaml

from hswarm.errors import HswarmError
from hswarm.graph.dag import Dag
from hswarm.graph.named import read_graph
from hswarm.graph.shapes import chain, star

GRAPHS = Path(__file__).parents[2] / "graphs"
ENTRY = {"name": "mine", "description": "A graph of mine."}


@pytest.mark.parametrize("path", sorted(GRAPHS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_graphs(path):
    graph = read_graph(yaml.safe_load(path.read_text()), path.name)
    assert graph.name == path.stem
    assert graph.description.endswith(".")
    sizes = range(1, 13) if graph.shape else [1 + max(n for edge in graph.edges for n in edge)]
    for size in sizes:
        assert len(graph.to_dag(size)) == size


def test_a_shape_fits_any_number_of_nodes():
    assert read_graph({**ENTRY, "shape": "chain"}, "x").to_dag(4) == chain([0, 1, 2, 3])
    assert read_graph({**ENTRY, "shape": "star"}, "x").to_dag(5) == star([0, 1, 2, 3, 4])


def test_edges_fix_the_number_of_nodes():
    graph = read_graph({**ENTRY, "edges": [[0, 2], [1, 2]]}, "x")
    assert graph.to_dag(3) == Dag.from_edges(3, [(0, 2), (1, 2)])
    with pytest.raises(HswarmError, match="'mine' has 3 nodes, not 4"):
        graph.to_dag(4)


def test_no_edges_are_a_single_agent():
    assert read_graph({**ENTRY, "edges": []}, "x").to_dag(1) == Dag(((),))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "either a shape or edges"),
        ({"shape": "chain", "edges": [[0, 1]]}, "either a shape or edges"),
        ({"shape": "ring"}, "shape"),
        ({"shape": "chain", "color": "red"}, "no key 'color'"),
        ({"edges": [[0, 1], [1, 0]]}, "cycle"),
        ({"edges": [[0, 1], [2, 3]]}, "2 end nodes"),
        ({"edges": [[0, -1]]}, "edges.0.1"),
        ({"edges": [[0, 1, 2]]}, "edges.0"),
        ({"shape": "chain", "name": 3}, "name"),
    ],
)
def test_bad_entries_are_told_in_one_line(changes, message):
    with pytest.raises(HswarmError, match=message) as error:
        read_graph({**ENTRY, **changes}, "mine.yaml")
    assert str(error.value).startswith("mine.yaml: ")
    assert "\n" not in str(error.value)
