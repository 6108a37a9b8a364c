"""GNNs: a graph attention network learns which edges raise the utility (Zhang et al., 2024,
"G-Designer").

As Heterogeneous Swarms (Feng et al., 2025, appendix) compares with it: nodes have random features,
a graph attention network (Veličković et al., 2018) encodes the graph, and a link predictor learns
whether adding an edge raises f. The links that it predicts are the graph.

Searched: the edges. Evaluations: 80: ten random graphs, six of each with an edge more, and the
graphs predicted from the best ten of all these. Departure: what is predicted is made a graph by
G-decode, since n×n links need not be one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from hswarm.baselines.gpt_swarm import TOP_P
from hswarm.baselines.trials import Trials
from hswarm.graph.dag import Dag
from hswarm.graph.decode import decode
from hswarm.swarm.random import generator

GRAPHS: Final = 10
ADDITIONS: Final = 6
PREDICTED: Final = 10
EVALUATIONS: Final = GRAPHS * (1 + ADDITIONS) + PREDICTED

_FEATURES: Final = 16
_STEPS: Final = 200
_RATE: Final = 0.01


@dataclass(frozen=True, slots=True)
class Trial:
    """An edge that was added to a graph, and whether that raised the utility."""

    dag: Dag
    edge: tuple[int, int]
    rose: bool


async def gnn(trials: Trials) -> None:
    """Enter random graphs, those with an edge more, and those that are predicted from them."""
    nodes = len(trials.roster)
    budget = trials.allowed(EVALUATIONS)
    graphs = max(1, budget * GRAPHS // EVALUATIONS)
    seen: dict[Dag, float] = {}
    learned: list[Trial] = []
    for k in range(graphs):
        rng = generator(trials.seed, "gnn", k)
        dag = decode(rng.random((nodes, nodes)), top_p=TOP_P, edges="each", rng=rng)
        missing = addable(dag)
        chosen = [missing[m] for m in rng.permutation(len(missing))[:ADDITIONS]]
        larger = [Dag.from_edges(nodes, [*dag.edges, edge]) for edge in chosen]
        before, *after = await trials.enter([trials.arranged(d) for d in (dag, *larger)])
        seen |= dict(zip((dag, *larger), (before, *after), strict=True))
        learned += [
            Trial(dag, edge, utility > before) for edge, utility in zip(chosen, after, strict=True)
        ]
    model = fit(learned, nodes, trials.seed)
    best = sorted(seen, key=lambda dag: -np.nan_to_num(seen[dag], nan=-np.inf))[:PREDICTED]
    for k, dag in enumerate(best):
        rng = generator(trials.seed, "gnn predicted", k)
        links = model.predict(dag)
        predicted = decode(links, top_p=0.0 if k == 0 else TOP_P, edges="each", rng=rng)
        await trials.enter([trials.arranged(predicted)])


def addable(dag: Dag) -> list[tuple[int, int]]:
    """Return every edge that `dag` lacks and that closes no circle, by node index."""
    place = {node: k for k, node in enumerate(dag.order)}
    there = set(dag.edges)
    pairs = ((u, v) for u in range(len(dag)) for v in range(len(dag)))
    return [(u, v) for u, v in pairs if place[u] < place[v] and (u, v) not in there]


class LinkPredictor(nn.Module):
    """Two graph attention layers over random node features, then a two-layer link predictor."""

    def __init__(self, nodes: int) -> None:
        super().__init__()
        self.register_buffer("features", torch.randn(nodes, _FEATURES))
        self.layers = nn.ModuleList(_Attention(_FEATURES) for _ in range(2))
        self.link = nn.Sequential(
            nn.Linear(2 * _FEATURES, _FEATURES), nn.ReLU(), nn.Linear(_FEATURES, 1)
        )

    def forward(self, reads: torch.Tensor) -> torch.Tensor:
        """Return the logit of every u → v being an edge that raises the utility, shape (G, n, n).

        `reads`, of that shape, says of G graphs who reads whom, everybody itself included.
        """
        hidden = self.get_buffer("features").expand(len(reads), -1, -1)
        for layer in self.layers:
            hidden = layer(hidden, reads)
        nodes = reads.shape[-1]
        sources = hidden[:, :, None].expand(-1, -1, nodes, -1)
        readers = hidden[:, None].expand(-1, nodes, -1, -1)
        logits: torch.Tensor = self.link(torch.cat([sources, readers], dim=-1)).squeeze(-1)
        return logits

    def predict(self, dag: Dag) -> NDArray[np.float64]:
        """Return the probability of each link, shape (n, n), diagonal 0."""
        with torch.no_grad():
            links = torch.sigmoid(self(_read([dag]))[0]).double().numpy()
        np.fill_diagonal(links, 0.0)
        matrix: NDArray[np.float64] = links
        return matrix


class _Attention(nn.Module):
    """One attention head of a graph attention network: node i attends to what it reads."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, size, bias=False)
        self.reader = nn.Linear(size, 1, bias=False)
        self.read = nn.Linear(size, 1, bias=False)

    def forward(self, hidden: torch.Tensor, reads: torch.Tensor) -> torch.Tensor:
        """Take features, shape (G, n, d), and who reads whom, (G, n, n), itself included."""
        projected = self.project(hidden)
        scores = nn.functional.leaky_relu(self.reader(projected) + self.read(projected).mT, 0.2)
        weights = scores.masked_fill(~reads, -torch.inf).softmax(dim=-1)
        return nn.functional.elu(weights @ projected)


def fit(learned: Sequence[Trial], nodes: int, seed: int) -> LinkPredictor:
    """Return a predictor trained on what was `learned`; its draws depend on `seed` alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LinkPredictor(nodes)
    optimiser = torch.optim.Adam(model.parameters(), lr=_RATE)
    if not learned:
        return model
    graphs = list(dict.fromkeys(trial.dag for trial in learned))
    reads = _read(graphs)
    places = tuple(
        torch.tensor(column)
        for column in zip(*((graphs.index(t.dag), *t.edge) for t in learned), strict=True)
    )
    wanted = torch.tensor([float(trial.rose) for trial in learned])
    for _ in range(_STEPS):
        loss = nn.functional.binary_cross_entropy_with_logits(model(reads)[places], wanted)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return model


def _read(dags: Sequence[Dag]) -> torch.Tensor:
    """Return who reads whom in each graph, shape (G, n, n), everybody itself included."""
    reads = torch.eye(len(dags[0]), dtype=torch.bool).repeat(len(dags), 1, 1)
    for k, dag in enumerate(dags):
        for source, target in dag.edges:
            reads[k, target, source] = True
    return reads
