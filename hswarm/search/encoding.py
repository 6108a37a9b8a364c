"""What a particle of the role swarm says: a graph, and under one encoding who sits in its nodes.

The paper's particle is an adjacency matrix, from which everything follows. The others say outright
what a matrix says in a roundabout way: in which order the nodes come, or who sits where.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hswarm.config import RoleConfig
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.graph.encode import encode, encode_keyed
from hswarm.graph.shapes import SHAPES
from hswarm.swarm.random import generator

FloatMatrix = NDArray[np.float64]
FloatVector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How particles for graphs over `people` agents are made and read."""

    people: int
    config: RoleConfig

    @property
    def nodes(self) -> int:
        """Of each graph."""
        return self.config.nodes or self.people

    @property
    def keyed(self) -> bool:
        """Whether the matrix's diagonal holds the keys of the nodes' order."""
        return self.config.encoding == "order"

    @property
    def seated(self) -> bool:
        """Whether a particle has a number per node for who sits there."""
        return self.config.encoding == "seats"

    def start(self, seed: int) -> FloatMatrix:
        """Return the first particles, shape (N, d): shaped ones, then U(0, 1).

        A shaped one is a chain or a star over a random order of the nodes, everybody in a seat of
        their own. The diagonal is 0 unless it holds keys; d is nodes², with seats nodes² + nodes.
        """
        return np.stack([self._start(k, seed) for k in range(self.config.particles)])

    def _start(self, particle: int, seed: int) -> FloatVector:
        rng = generator(seed, "matrix", particle)
        if particle < len(self.config.shapes) and self.nodes > 1:
            shape = SHAPES[self.config.shapes[particle]]
            matrix = self._matrix(shape(rng.permutation(self.nodes).tolist()))
            # Particles that agreed on who sits where would never try anything else.
            return self._join(
                matrix, (rng.permutation(self._dealt(seed, particle)) + 0.5) / self.people
            )
        matrix = rng.random((self.nodes, self.nodes))
        if not self.keyed:
            np.fill_diagonal(matrix, 0.0)
        return self._join(matrix, rng.random(self.nodes))

    def graphs(self, particle: FloatVector, seed: int, iteration: int, index: int) -> list[Dag]:
        """Decode a particle, shape (d,), as often as the configuration says; different graphs.

        Each draw has a generator of its own, by the particle's `index` and the `iteration`.
        """
        config, matrix = self.config, self._adjacency(particle)
        draws = (
            decode(
                matrix,
                top_p=config.top_p,
                edges=config.edges,
                threshold=config.threshold,
                keyed=self.keyed,
                rng=generator(seed, "decode", iteration, index, *([draw] if draw else [])),
            )
            for draw in range(config.decodes)
        )
        return list(dict.fromkeys(draws))

    def agents(self, particle: FloatVector, seed: int, index: int) -> tuple[int, ...]:
        """Return who sits in each node.

        Without seats it is agent i in node i, or, where there are not as many nodes as agents, whom
        the particle of this `index` was dealt. A seat's number from 0 to 1 falls into one of as
        many equal parts as there are agents.
        """
        if not self.seated:
            return self._dealt(seed, index)
        seats = np.clip(particle[self.nodes**2 :], 0.0, 1.0) * self.people
        return tuple(np.minimum(seats.astype(np.int64), self.people - 1).tolist())

    def _dealt(self, seed: int, index: int) -> tuple[int, ...]:
        """Deal the agents out over the particles' nodes, one shuffled pack after another.

        So over all particles everybody sits about equally often.
        """
        if self.nodes == self.people:
            return tuple(range(self.nodes))
        places = [divmod(index * self.nodes + node, self.people) for node in range(self.nodes)]
        packs = {
            pack: generator(seed, "dealt", pack).permutation(self.people) for pack, _ in places
        }
        return tuple(int(packs[pack][card]) for pack, card in places)

    def likelihoods(self, particle: FloatVector) -> FloatMatrix:
        """Return a particle's edge likelihoods, nodes×nodes, the diagonal 0."""
        matrix = self._adjacency(particle).copy()
        np.fill_diagonal(matrix, 0.0)
        return matrix

    def adopt(self, particle: FloatVector, dag: Dag) -> FloatVector:
        """Return the particle that decodes greedily to `dag`, its seats as they are."""
        return self._join(self._matrix(dag), particle[self.nodes**2 :])

    def _adjacency(self, particle: FloatVector) -> FloatMatrix:
        return particle[: self.nodes**2].reshape(self.nodes, self.nodes)

    def _matrix(self, dag: Dag) -> FloatMatrix:
        return encode_keyed(dag) if self.keyed else encode(dag)

    def _join(self, matrix: FloatMatrix, seats: FloatVector) -> FloatVector:
        return np.concatenate([matrix.ravel(), seats]) if self.seated else matrix.ravel()
