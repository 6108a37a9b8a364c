import numpy as np
import pytest

from hswarm.graph.dag import Dag
from hswarm.graph.shapes import chain
from hswarm.graph.sparsity import density, fraction_removed


def test_density_is_the_mean_absolute_entry():
    matrix = np.array([[0.0, -0.5], [1.0, 0.0]])
    assert density(matrix) == 0.375
    assert density(matrix.ravel()) == 0.375


def test_fraction_removed():
    full = Dag.from_edges(3, [(0, 1), (0, 2), (1, 2)])
    assert fraction_removed(chain([0, 1, 2]), full) == pytest.approx(1 / 3)
    assert fraction_removed(full, full) == 0.0
    assert fraction_removed(full, chain([0, 1, 2])) == -0.5
    assert fraction_removed(Dag(((),)), Dag(((),))) == 0.0
