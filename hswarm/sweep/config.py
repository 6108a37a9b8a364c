"""What a sweep runs: one search on one task, with hyperparameters drawn from a grid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from hswarm.agents.pool import read_pool
from hswarm.api import configure
from hswarm.catalog import find
from hswarm.config import SEARCHES, Limit, RunConfig, merge, nest
from hswarm.errors import HswarmError
from hswarm.swarm.random import generator
from hswarm.tasks.load import is_of_ecosystem

Name = Annotated[str, Field(min_length=1)]
Value = bool | int | float | str | None
Values = Mapping[str, Value]
"""A value for each hyperparameter."""

Choices = Annotated[tuple[Value, ...], Field(min_length=1)]
Sampler = Literal["random", "tpe"]

PAPERS: Final[Mapping[str, tuple[Value, ...]]] = {
    "inertia": (0.1, 0.2, 0.3),
    "cognitive": (0.1, 0.2, 0.3, 0.4, 0.5),
    "social": (0.2, 0.3, 0.4, 0.5, 0.6),
    "repel": (0.01, 0.05, 0.1),
    "step_length": (0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
}
"""φ_v, φ_p, φ_g, φ_w and λ of both papers (Model Swarms, appendix C). Each holds for the swarm of
graphs and for that of weights."""


class SweepConfig(BaseModel):
    """One sweep. `settings` are of every run in it, nested as in a run's config.yaml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Name
    runs: Annotated[int, Field(ge=1, le=100_000)] = 50
    """How many are drawn: the papers take 50 to 200 (Heterogeneous Swarms), up to 1000."""
    grid: Annotated[Mapping[Name, Choices], Field(min_length=1)] = PAPERS
    """Hyperparameter -> what it may be: one of `PAPERS`, or the dotted key of any setting."""
    sampler: Sampler = "random"
    """`random`: every value is as likely as any other (the papers); `tpe`: a tree-structured Parzen
    estimator learns from the runs that are done (Bergstra et al., 2011)."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the draws, and of every search: searches that start alike share what they ask first."""
    pool: Name = "tiny"
    search_preset: Name = "default"
    data: Name | None = None
    limit: Limit | None = None
    settings: Mapping[str, Any] = {}


def run_config(config: SweepConfig, drawn: Values) -> RunConfig:
    """Return the settings of a run with the hyperparameters that were drawn for it."""
    settings = dict(config.settings)
    for name, value in drawn.items():
        for key in _keys(name):
            settings = merge(settings, nest(key, value))
    return configure(
        config.task,
        pool=config.pool,
        preset=config.search_preset,
        seed=config.seed,
        data=config.data,
        limit=config.limit,
        settings=settings,
    )


def check_sweep(config: SweepConfig) -> None:
    """Refuse what could not be run whatever is drawn, before anything is written; HswarmError."""
    if not is_of_ecosystem(config.task):
        find("tasks", config.task)
    read_pool(find("agents", config.pool))
    first = {name: values[0] for name, values in config.grid.items()}
    for name, values in config.grid.items():
        for value in values:
            made = run_config(config, {**first, name: value})
    if made.search.method not in SEARCHES:
        raise HswarmError(
            f"{made.search.method} is no search, and has no hyperparameters to sweep.",
            hint=f"Searches: {', '.join(SEARCHES)}.",
        )
    if made.budget.max_dollars is not None:
        raise HswarmError(
            "The processes of a sweep have no common purse: max_dollars cannot be set.",
            hint="Bound its runs by max_tokens, max_evaluations or max_iterations.",
        )


def draw(config: SweepConfig, run: int) -> dict[str, Value]:
    """Return what is drawn at random for the `run`-th run: the same whoever asks, and when."""
    rng = generator(config.seed, "sweep", run)
    return {name: values[int(rng.integers(len(values)))] for name, values in config.grid.items()}


def _keys(name: str) -> tuple[str, ...]:
    """Return the settings that a hyperparameter stands for."""
    if name in PAPERS:
        return (f"search.role.{name}", f"search.weight.{name}")
    return (name,)
