"""What a bench runs: methods × tasks × seeds, with which pool, for how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from hswarm.agents.pool import read_pool
from hswarm.api import configure
from hswarm.baselines.methods import METHODS, check_method
from hswarm.catalog import find, unknown
from hswarm.config import Limit, RunConfig, merge, validated
from hswarm.errors import HswarmError
from hswarm.tasks.load import is_of_ecosystem

Name = Annotated[str, Field(min_length=1)]

SINGLE_TASKS: Final = (
    *("mmlu", "mmlu-pro", "hellaswag", "knowledge-crosswords", "gsm8k", "nlgraph", "truthfulqa"),
    *("realtoxicityprompts", "abstainqa"),
)
"""Model Swarms (Feng et al., 2024), Table 1."""

DOMAINS: Final = ("medical", "legal", "science", "culture")
REWARDS: Final = ("rm", "rm-verbose", "rm-concise")
INTERESTS: Final = tuple(
    f"human-{topic}"
    for topic in (
        *("asian-food", "cartoons", "drone-ai", "electric-vehicles", "finance", "legal-ai"),
        *("luxury-car", "music-instrument", "olympics", "phd-application", "plastic", "policy"),
        *("sandbox-games", "social-network", "south-america", "us-tourism"),
    )
)
HETEROGENEOUS_TASKS: Final = (
    *("mmlu-pro", "knowledge-crosswords", "com2", "gsm8k", "nlgraph", "normad", "gaia-text"),
    *("agentbench-kg", "agentbench-ltp", "qasper", "abstainqa", "wow"),
)
"""Heterogeneous Swarms (Feng et al., 2025), Table 1."""


class Variant(BaseModel):
    """A method with settings of its own, under a name of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Name
    settings: Mapping[str, Any] = {}
    """Laid over the bench's."""


class BenchConfig(BaseModel):
    """One bench. `settings` are of every search in it, nested as in a run's config.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: Annotated[tuple[Name, ...], Field(min_length=1)]
    methods: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Methods, and names of variants."""
    variants: Mapping[Name, Variant] = {}
    seeds: Annotated[int, Field(ge=1, le=1000)] = 3
    pool: Name = "tiny"
    search_preset: Name = "default"
    data: Name | None = None
    """One source for all tasks: bundled, authors, hub or imported."""
    limit: Limit | None = None
    permutations: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Random orders that a hand-made shape is tried in."""
    settings: Mapping[str, Any] = {}


def _swarms(**changes: Any) -> dict[str, Any]:
    """Return a variant of Model Swarms: what it changes of the weight swarm."""
    return {"method": "model-swarms", "settings": {"search": {"weight": changes}}}


ABLATIONS: Final = {
    "full": _swarms(),
    "crossover, only 15": _swarms(particles=15),
    "no crossover": _swarms(particles=None),
    "velocity best": _swarms(initial_velocity="best"),
    "velocity zero": _swarms(initial_velocity="zero"),
    "no repel": _swarms(repel=0.0),
    "no schedule": _swarms(step_decay=1.0),
    "no restart": _swarms(restart_patience=None),
}
"""Model Swarms (Feng et al., 2024), Table 7, of a pool of ten in a swarm of twenty."""

_CERTAIN: Final[Mapping[str, Mapping[str, Any]]] = {
    "1": {"particles": None},
    "2": {"initial_velocity": "zero"},
    "3": {"walk_randomness": False},
}
"""What takes the randomness out of 1) the initial interpolations, 2) the starting velocity and 3)
the velocity update."""

RANDOMNESS: Final = {
    "full": _swarms(),
    **{
        f"without {' and '.join(some)}": _swarms(
            **{k: v for n in some for k, v in _CERTAIN[n].items()}
        )
        for size in (1, 2, 3)
        for some in combinations(_CERTAIN, size)
    },
}
"""Model Swarms (Feng et al., 2024), Table 6."""

_ABLATED: Final = {
    "tasks": ("mmlu", "hellaswag", "nlgraph", "abstainqa"),
    "seeds": 5,
    "search_preset": "paper",
}

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "quick": {
        "tasks": ("gaia-text", "knowledge-crosswords"),
        "methods": ("best-single", "chain", "star", "model-swarms", "heterogeneous"),
        "seeds": 2,
        "limit": 80,
        "permutations": 5,
        "settings": {"search": {"max_iterations": 2}},
    },
    "baselines": {
        "tasks": ("gaia-text", "knowledge-crosswords", "gsm8k"),
        "methods": METHODS,
        "seeds": 3,
        "limit": (50, 150),
        "permutations": 20,
    },
    "papers": {
        "tasks": tuple(
            dict.fromkeys((*SINGLE_TASKS, *DOMAINS, *REWARDS, *INTERESTS, *HETEROGENEOUS_TASKS))
        ),
        "methods": METHODS,
        "seeds": 5,
        "search_preset": "paper",
        "data": "authors",
        "permutations": 20,
    },
    "ablations": {**_ABLATED, "methods": tuple(ABLATIONS), "variants": ABLATIONS},
    "randomness": {**_ABLATED, "methods": tuple(RANDOMNESS), "variants": RANDOMNESS},
}
"""Named benches: a few minutes with the embedded pool; every method on it; both papers' grids; the
ablations of Model Swarms."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of the table before its mean is taken."""

    task: str
    method: str
    seed: int

    @property
    def name(self) -> str:
        """The cell in words."""
        return f"{self.task} · {self.method} · seed {self.seed}"


def bench_config(preset: str | None, asked: Mapping[str, Any]) -> BenchConfig:
    """Return the bench that a preset and what is `asked` over it make.

    HswarmError, with the nearest names, for what there is not.
    """
    if preset is not None and preset not in PRESETS:
        raise unknown("preset of bench", preset, PRESETS)
    values = merge(PRESETS[preset] if preset is not None else {}, asked)
    if not values.get("tasks") or not values.get("methods"):
        raise HswarmError(
            "Which tasks and methods? Name them by --tasks and --methods, or take a --preset.",
            hint=f"Presets: {', '.join(PRESETS)}. Methods: {', '.join(METHODS)}.",
        )
    config = validated(BenchConfig, values, "the bench")
    for method in config.methods:
        check_method(_variant(config, method).method)
    return config


def check_bench(config: BenchConfig) -> None:
    """Refuse what could not be run whatever is on this machine, before anything is written.

    HswarmError for a task or pool that there is not, and for settings that no run takes. Data that
    are not here fail their own cells only, to be tried again.
    """
    for task in config.tasks:
        if not is_of_ecosystem(task):
            find("tasks", task)
    read_pool(find("agents", config.pool))
    for method in config.methods:
        run_config(config, Cell(config.tasks[0], method, 0))


def cells_of(config: BenchConfig) -> list[Cell]:
    """Return all cells: seed by seed, so that an early end leaves whole tables of fewer seeds."""
    return [
        Cell(task, method, seed)
        for seed in range(config.seeds)
        for task in config.tasks
        for method in config.methods
    ]


def _variant(config: BenchConfig, name: str) -> Variant:
    """Return the variant of a name; a method is one of itself, without changes."""
    return config.variants.get(name) or Variant(method=name)


def run_config(config: BenchConfig, cell: Cell) -> RunConfig:
    """Return the settings of the run that a cell is, also where its method does not search."""
    variant = _variant(config, cell.method)
    orders = {"search": {"baseline": {"orders": config.permutations}}}
    return configure(
        cell.task,
        pool=config.pool,
        method=variant.method,
        preset=config.search_preset,
        seed=cell.seed,
        data=config.data,
        limit=config.limit,
        settings=merge(merge(orders, config.settings), variant.settings),
    )


def split_names(text: str) -> Sequence[str]:
    """Return the names in "a, b,c", each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
