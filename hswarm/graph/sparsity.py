"""How dense matrices and graphs are (Heterogeneous Swarms, Table 3)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hswarm.graph.dag import Dag


def density(adjacency: NDArray[np.float64]) -> float:
    """Return mean|A|, what the penalised utility f' = f − λ·mean|A| takes off.

    The paper adds λ‖A‖₁ instead, which rewards density and grows with the number of nodes.
    """
    return float(np.abs(adjacency).mean())


def fraction_removed(dag: Dag, reference: Dag) -> float:
    """Return which share of the edges of `reference` `dag` does without: the paper's speed-up.

    Negative if `dag` has more edges; 0 if `reference` has none.
    """
    before = len(reference.edges)
    return 1.0 - len(dag.edges) / before if before else 0.0
