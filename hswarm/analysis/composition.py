"""What a found model is made of: "70 % math, 20 % code".

Every model that a search reaches is Σ_j c_j · expert_j (Model Swarms, Feng et al., 2024, §5: the
contribution of each expert).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

FloatMatrix = NDArray[np.float64]


def shares(coefficients: Mapping[str, float]) -> dict[str, float]:
    """Return each expert's share |c_j| / Σ|c|, the largest first, by name on a tie.

    A coefficient may be negative, so shares are of absolute values and say nothing of the sign. All
    are 0 where all coefficients are.
    """
    total = sum(map(abs, coefficients.values()))
    ranked = sorted(coefficients.items(), key=lambda item: (-abs(item[1]), item[0]))
    return {name: abs(c) / total if total else 0.0 for name, c in ranked}


def coefficient_matrix(
    models: Sequence[Mapping[str, float]], experts: Sequence[str]
) -> FloatMatrix:
    """Return the coefficients as a matrix, shape (models, experts); what is not named is 0."""
    rows = [[model.get(expert, 0.0) for expert in experts] for model in models]
    return np.array(rows, dtype=np.float64).reshape(len(models), len(experts))
