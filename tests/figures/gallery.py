"""One figure of every kind, on data made up for the purpose."""

import math

import numpy as np

from hswarm.analysis.dynamics import Dynamics, Swarm
from hswarm.analysis.emergence import Emergence
from hswarm.analysis.gain import Bucket, Gain
from hswarm.analysis.ranks import StartRank
from hswarm.analysis.statistics import Interval
from hswarm.analysis.studies import Point
from hswarm.analysis.trajectories import principal_plane
from hswarm.figures.composition import draw_composition
from hswarm.figures.dynamics import draw_dynamics
from hswarm.figures.effects import Effect, draw_effects
from hswarm.figures.emergence import draw_emergence
from hswarm.figures.entropy import draw_entropy
from hswarm.figures.gain import draw_gain
from hswarm.figures.graph import NodeFacts, draw_graph
from hswarm.figures.losses import draw_losses
from hswarm.figures.roles import draw_roles
from hswarm.figures.starts import draw_start_ranks, draw_starts
from hswarm.figures.studies import draw_bars, draw_study
from hswarm.figures.systems import Bar, draw_systems
from hswarm.figures.trajectories import draw_trajectories
from hswarm.graph.dag import Dag

NAN = float("nan")
NAMES = ("friends", "homes", "jobs", "pets", "tools", "walk", "add", "multiply")
MIXED = {"divide": 0.6, "refine": 0.3, "feedback": 0.1, "irrelevant": 0.0}
REFINED = {"divide": 0.1, "refine": 0.7, "feedback": 0.1, "irrelevant": 0.1}


def walks(iterations, particles, dimensions):
    rng = np.random.default_rng(5)
    return np.eye(particles, dimensions) + np.cumsum(
        0.1 * rng.normal(size=(iterations, particles, dimensions)), axis=0
    )


def course():
    graphs = Swarm([0, 1, 3], [[0.2, 0.3, 0.1], [0.3, 0.2, NAN], [0.4, 0.5, 0.2]])
    weights = Swarm([0, 1, 2, 3], [[0.0, 0.0], [0.1, -0.1], [0.05, 0.2], [0.2, 0.1]])
    tried = [(0, "start", 0.2), (0, "start", 0.3), (1, "role", 0.25), (2, "move", 0.4)]
    return Dynamics([0.3, 0.3, 0.4, 0.5], graphs, {"": weights}, [*tried, (3, "role", 0.5)])


def graph():
    dag = Dag.from_edges(
        8, [(0, 2), (1, 2), (2, 3), (2, 5), (3, 4), (4, 5), (5, 6), (6, 7), (1, 7)]
    )
    facts = [
        NodeFacts(name, 0.1 * k, 12.0 + k, MIXED if k < 4 else REFINED)
        for k, name in enumerate(NAMES)
    ]
    return draw_graph(dag, [*facts[:7], NodeFacts("a model with a long name")])


GALLERY = {
    "systems": lambda: draw_systems(
        [
            Bar("found system", 0.61, (0.57, 0.65), "***"),
            Bar("best single", 0.2, (0.17, 0.24)),
            Bar("best of 5 chains", 0.42, None),
        ],
        "accuracy on test",
    ),
    "gain": lambda: draw_gain(
        Gain(
            (
                Bucket(0, 30, 12, 0.0),
                Bucket(1, 20, 15, 0.25),
                Bucket(2, 10, 8, 0.5),
                Bucket(3, 0, 0, 0.75),
                Bucket(4, 5, 5, 1.0),
            )
        )
    ),
    "emergence": lambda: draw_emergence(
        Emergence(((21, 12, 4, 0), (4, 48, 84, 2), (0, 0, 25, 0), (0, 0, 0, 0)))
    ),
    "starts": lambda: draw_starts([0.2, 0.5, 0.3], [0.7, 0.5, 0.4], StartRank(0, 3, 3)),
    "start-ranks": lambda: draw_start_ranks([StartRank(0, 1, 4), StartRank(0, 3, 4)]),
    "roles": lambda: draw_roles(
        {name: (MIXED, REFINED)[k % 2] for k, name in enumerate(NAMES)}, "node"
    ),
    "graph": graph,
    "dynamics": lambda: draw_dynamics(course()),
    "trajectories": lambda: draw_trajectories(
        principal_plane(walks(6, 8, 8)), NAMES, ("first component", "second component")
    ),
    "composition": lambda: draw_composition(walks(4, 5, 8)[-1], NAMES[:5], NAMES),
    "entropy": lambda: draw_entropy({"found system": [0.0, 1.0, 1.5], "best single": [2.0, 3.0]}),
    "study": lambda: draw_study(
        {
            "gaia-text": [Point(2, 0.2), Point(4, 0.3), Point(10, 0.5), Point(10, 0.6)],
            "gsm8k": [Point(2, 0.1), Point(10, 0.2)],
        },
        "models in the pool",
    ),
    "bars": lambda: draw_bars({"all but the best": 0.4, "worse half": 0.2}, "utility on test", 0.3),
    "effects": lambda: draw_effects(
        [
            *(Effect("inertia", f"{v}", 0.4 + v, Interval(0.3 + v, 0.5 + v)) for v in (0.1, 0.2)),
            Effect("inertia", "0.3", 0.45, None),
            *(Effect("step_length", f"{v}", 0.9 - v, Interval(0.8 - v, 1 - v)) for v in (0.5, 0.6)),
            Effect("top_p", "0.0", 0.5, Interval(0.4, 0.55)),
            Effect("repel", "0.01", 0.5, Interval(0.45, 0.6)),
        ]
    ),
    "losses": lambda: draw_losses(
        {
            name: [(k + 1, 3 / (1 + 0.1 * k) + 0.2 * math.sin(k * (j + 1))) for k in range(60)]
            for j, name in enumerate(NAMES[:6])
        }
    ),
}
