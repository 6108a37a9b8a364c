"""Every knob of a run, as frozen models: YAML in, the same YAML out, an unknown key is an error.

Defaults are what measurements show to work best; `PRESETS["paper"]` is the papers' literal
setting. Each difference between the two is listed in docs/decisions/0004-defaults.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self, TypeVar, get_args

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from hswarm.errors import HswarmError
from hswarm.refusal import explain

M = TypeVar("M", bound=BaseModel)

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Coefficient = Annotated[float, Field(ge=0.0, le=10.0)]

Edges = Literal["each", "one"]
Encoding = Literal["matrix", "order", "seats"]
Optimizer = Literal["pso", "cma-es", "de", "bo", "random"]
InitialVelocity = Literal["random", "zero", "best"]
Assignment = Literal["balanced", "random"]
Credit = Literal["places", "assignments", "both"]
Acceptance = Literal["always", "better"]
Models = Literal["best", "current"]
Search = Literal["heterogeneous", "role-only", "weight-only", "model-swarms"]
SEARCHES: Final[tuple[str, ...]] = get_args(Search)
"""The methods that search with swarms; all others are baselines."""
Shape = Literal["chain", "star", "tree", "debate", "jury"]
Mix = Literal["weights", "tokens"]


def _read_limit(value: object) -> int | tuple[int, int]:
    numbers = value.split(":") if isinstance(value, str) else value
    several = numbers if isinstance(numbers, (list, tuple)) else (numbers,)
    try:
        read = [number if isinstance(number, int) else int(str(number)) for number in several]
    except (TypeError, ValueError):
        read = []
    if len(read) not in {1, 2} or min(read) < 1:
        raise ValueError("it is a number of items, or one of dev and one of test: 50 or 50:200")
    return read[0] if len(read) == 1 else (read[0], read[1])


Limit = Annotated[int | tuple[int, int], BeforeValidator(_read_limit)]
"""How many items are used: of dev and of test as many, or of each its own; as text 50 or 50:200."""

Limits = tuple[int | None, int | None]
"""How many items of dev are used, and how many of test; None: all."""


def per_split(limit: Limit | None) -> Limits:
    """Return a limit's two numbers."""
    return limit if isinstance(limit, tuple) else (limit, limit)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PsoConfig(_Frozen):
    """One particle swarm: coefficients and the switches of both papers' ablations (spec of PSO:
    Model Swarms, Algorithm 1; Heterogeneous Swarms, Algorithm 1).
    """

    optimizer: Optimizer = "pso"
    """What moves the particles. The papers' is PSO, of which all that follows is; of the others,
    cma-es takes `step_length` for its first σ."""
    inertia: Coefficient = 0.2
    cognitive: Coefficient = 0.3
    social: Coefficient = 0.4
    repel: Coefficient = 0.05
    """φ_v, φ_p, φ_g, φ_w; repel 0 switches the push from the global worst off."""
    step_length: Annotated[float, Field(gt=0.0, le=10.0)] = 0.7
    """λ at the start."""
    step_decay: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95
    """φ_λ, once an iteration; 1 switches the schedule off."""
    step_min: Annotated[float, Field(ge=0.0, le=10.0)] = 0.1
    """λ_min: the schedule never goes below."""
    initial_velocity: InitialVelocity = "random"
    restart_patience: Annotated[int, Field(ge=1)] | None = 5
    """c_r: iterations without a new personal best before a particle returns to it; null is off."""
    walk_randomness: bool = True
    """Off: every r is 1."""
    walk_low: Annotated[float, Field(ge=-1.0, lt=1.0)] = 0.0
    """r ~ U(walk_low, 1); -0.2 is the annealing variant."""
    drop_iteration: Share = 0.0
    """d_k: the probability that an iteration evaluates nothing; positions still move."""
    drop_particle: Share = 0.0
    """d_n: the probability that a particle's evaluation is skipped."""

    @model_validator(mode="after")
    def _can_move(self) -> Self:
        if not any((self.inertia, self.cognitive, self.social, self.repel)):
            raise ValueError("inertia, cognitive, social and repel are all 0: nothing would move")
        return self


class RoleConfig(PsoConfig):
    """The swarm of adjacency matrices and how they are decoded (Heterogeneous Swarms, §3.1)."""

    nodes: Annotated[int, Field(ge=1, le=1_000)] | None = None
    """Nodes of a graph; null is one per agent, who sits in it. With more or fewer, agents are dealt
    to each particle's nodes by the seed: some sit in several, or in none."""
    particles: Annotated[int, Field(ge=1, le=10_000)] = 6
    step_length: Annotated[float, Field(gt=0.0, le=10.0)] = 0.2
    step_min: Annotated[float, Field(ge=0.0, le=10.0)] = 0.02
    top_p: Share = 0.0
    """Nucleus of the node choices in G-decode; 0 is deterministic."""
    edges: Edges = "each"
    """`each` draws every edge by itself (Algorithm 2); `one` draws one per node (authors' code)."""
    encoding: Encoding = "matrix"
    """What a particle says. `matrix`: the likelihoods of edges, from which the order of the nodes
    follows (the papers); `order`: the order, too, as keys on the matrix's diagonal, the smallest
    first; `seats`: beside the matrix a number per node for who sits there."""
    decodes: Annotated[int, Field(ge=1, le=1_000)] = 1
    """Graphs drawn from each matrix; the best one's utility is the particle's. At top_p 0 all
    would be the same."""
    adopt: bool = False
    """Each particle moves to the matrix that decodes greedily to the graph it was evaluated with,
    so that a personal or global best is what was evaluated. cma-es, de and bo learn from what they
    asked for all the same."""
    shapes: tuple[Shape, ...] = ("chain",) * 5 + ("star",)
    """Initial matrices shaped like these, over random orders of the nodes; the rest are U(0,1). Not
    all of them decode to their shapes where `edges` is one or `threshold` 0.5."""
    models: Models = "best"
    """The weights that graphs are evaluated with: the best-found system's, or (the papers) those
    where the weight swarm has got to."""
    threshold: Share = 0.0
    """τ: matrix entries not above it count as 0 when decoding."""
    density_penalty: Annotated[float, Field(ge=0.0)] = 0.0
    """λ of f' = f − λ·mean|A|."""
    dropout: Share = 0.0
    """d_r: the probability that an iteration skips the role-step."""
    moves: Annotated[int, Field(ge=0, le=10_000)] = 20
    """Neighbours of the best-found system that a round of the move-step tries; 0: no move-step."""
    heat: Share = 0.33
    """The share of the dev items on which a neighbour must be no worse than what it is a neighbour
    of before it is tried on all of them; 0 tries all on all."""
    leap: Annotated[float, Field(gt=1.0, le=100.0)] | None = 2.0
    """β of the power law k^−β by which it is drawn how many small moves in a row lead to a
    neighbour, so that some go far; null is always one."""
    order_rounds: Annotated[int, Field(ge=0, le=1_000)] = 6
    """Rounds of an iteration's move-step that move nodes, each from the best of the one before."""
    edge_rounds: Annotated[int, Field(ge=0, le=1_000)] = 1
    """Rounds after those that move edges."""

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if self.decodes > 1 and not self.top_p:
            raise ValueError(
                f"at top_p 0 all {self.decodes} decodes of a matrix are the same graph"
            )
        return self


class WeightConfig(PsoConfig):
    """The swarm of coefficient rows and how their utility is measured (both papers)."""

    particles: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Positions in the swarm; null is one per expert. More are filled in by crossover."""
    crossover: bool = True
    """Fill up with interpolations of two experts; off: with copies of the experts in turn."""
    credit: Credit = "places"
    """How an expert is scored: `places`, by what its new weights change where it sits in the
    best-found system; `assignments`, by its JFK-score over M assignments to nodes (the paper);
    `both`, by the sum of that and the utility with its new weights where it sits."""
    assignments: Annotated[int, Field(ge=1, le=10_000)] = 10
    """M of the JFK-score."""
    assignment: Assignment = "balanced"
    acceptance: Acceptance = "always"
    """Which steps count: `always`, all of them (the papers); `better`, those of particles whose new
    weights made a better system than the best found. The others go back, at rest."""
    anchor: Share = 0.0
    """The share of a model that stays what its particle started as: with coefficients x it is
    blended by anchor·x₀ + (1 − anchor)·x."""
    step_length: Annotated[float, Field(gt=0.0, le=10.0)] = 0.2
    step_min: Annotated[float, Field(ge=0.0, le=10.0)] = 0.02
    dropout: Share = 0.0
    """d_w: the probability that an iteration skips the weight-step."""


class BaselineConfig(_Frozen):
    """What some of the baselines can be told (`hswarm.baselines`)."""

    orders: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Random orders that a hand-made shape is tried in, unless a budget of evaluations says."""
    designer: Annotated[str, Field(min_length=1)] | None = None
    """The agent that proposes graphs to `meta-agent`; null is the pool's first remote model, else
    its best single one."""
    embedder: Annotated[str | None, Field(min_length=1, examples=["FacebookAI/roberta-base"])] = (
        None
    )
    """The encoder by which `cbtm` compares a question with what experts were trained on, a folder
    or a hub id; null is TF-IDF, which needs none."""


class SearchConfig(_Frozen):
    """The whole search (Heterogeneous Swarms, Algorithm 4; Model Swarms is its one-node case)."""

    method: Annotated[str, Field(min_length=1)] = "heterogeneous"
    """One of `SEARCHES`, or a baseline (`hswarm.baselines.methods`)."""
    seed: Annotated[int, Field(ge=0)] = 0
    max_iterations: Annotated[int, Field(ge=0)] = 3
    patience: Annotated[int, Field(ge=1)] = 6
    """Stop when the best utility has not risen for so many iterations."""
    held: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    """The share of the dev items that the search does not see; its finalists are told apart by
    them."""
    finalists: Annotated[int, Field(ge=1, le=1_000)] = 1
    """How many of the best different systems seen are run on the held items at the end; the one
    that is best over all dev items is what was found."""
    keep: Annotated[
        str | None, Field(pattern=r"^[1-9]\d{0,3}-[1-9]\d{0,3}$", examples=["2-10"])
    ] = None
    """Search over some of the agents only: those that are these ranks alone on dev, as 2-10 for all
    of ten but the best (swarm(2-10) and HS(2-10) of the papers); null is everybody."""
    diversity: Annotated[
        str | None, Field(pattern=r"^[1-9]\d{0,3}x[1-9]\d{0,3}$", examples=["5x2"])
    ] = None
    """Search over a distinct agents, drawn by the seed, each b times, as 5x2 (both papers)."""
    early_stop: bool = False
    """End a particle's evaluation once what is left of it can change nothing: the same search on
    fewer items. Where a full score is needed nothing is ended early."""
    race: Annotated[float, Field(gt=0.5, lt=1.0)] | None = None
    """Race instead: systems fall out that are worse than the leader at this confidence, so that the
    search is approximate; null is off."""
    role: RoleConfig = RoleConfig()
    weight: WeightConfig = WeightConfig()
    baseline: BaselineConfig = BaselineConfig()

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.early_stop and self.race is not None:
            raise ValueError("early_stop loses nothing and race does: only one of them can be set")
        return self

    @model_validator(mode="after")
    def _heeded(self) -> Self:
        """Refuse what would be ignored without a word."""
        search = self.method in SEARCHES
        if not search and (self.early_stop or self.race is not None):
            what = "early_stop" if self.early_stop else "race"
            raise ValueError(f"{self.method} scores everybody in full: {what} is for searches")
        if self.role.nodes is not None and (not search or self.method == "model-swarms"):
            raise ValueError(f"{self.method} searches no graphs that could have role.nodes nodes")
        if (self.held > 0.0) != (self.finalists > 1):
            raise ValueError(
                "held items tell finalists apart: it takes both, as held=0.2 and finalists=10"
            )
        return self


class BudgetConfig(_Frozen):
    """What a search may spend. Of tokens and seconds, what is measured after it comes on top."""

    max_tokens: Annotated[int, Field(ge=1)] | None = None
    """Generated tokens; the iteration that would exceed them is dropped whole."""
    max_seconds: Annotated[float, Field(gt=0)] | None = None
    max_evaluations: Annotated[int, Field(ge=1)] | None = None
    """Different systems run on all dev items; null is what the method takes by default. Of a search
    the iteration that would exceed them is dropped whole, and its start is always evaluated."""
    max_dollars: Annotated[float, Field(gt=0)] | None = None
    """For everything, what is measured after the search included; exceeded by no more than the
    calls that are under way when it is reached."""
    max_failed: Share = 0.02
    """Share of the calls to models that may fail for good. Past it the run stops, to be resumed."""


class EngineConfig(_Frozen):
    """Where the models run."""

    name: Literal["auto", "transformers", "vllm"] = "transformers"
    """`auto` picks by the machine, before the run's folder is made: what was found to be faster."""
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Rows of one forward pass; null picks it from the model's size and halves it when out of
    memory."""
    memo: bool = True
    threads: Annotated[int, Field(ge=1)] | None = None
    """CPU threads of the engine, or of each worker; null is one per core, shared out. Where models
    are small they come to be as many processes of one thread, once there is much to do."""
    workers: Annotated[int, Field(ge=1, le=1024)] = 1
    """Processes that hold the models and share the work. Beyond one they run under Ray."""
    ray: Annotated[str, Field(min_length=1)] | None = None
    """The address of a Ray cluster whose machines the workers are on; null is this machine."""


class RunConfig(_Frozen):
    """A run: which task, which pool, how to search, what to spend."""

    task: str
    data: str | None = None
    """Another source of the task's (bundled, authors, hub, imported), or a file of one's own."""
    pool: str = "tiny"
    mix: Mix | None = None
    """What a coefficient row mixes: the weights of one family's experts, or the next-token
    probabilities of all experts, whatever their bases (token swarms); null: as the pool says."""
    limit: Limit | None = None
    """Use the first so many items of each split, or of dev and of test, as 50:200."""
    scorer: Mapping[str, Any] = {}
    """Laid over the task's scorer: its name, or some of its arguments."""
    engine: EngineConfig = EngineConfig()
    search: SearchConfig = SearchConfig()
    budget: BudgetConfig = BudgetConfig()


_PAPER_PSO: Final = {
    "optimizer": "pso",
    "step_length": 0.7,
    "step_decay": 0.95,
    "step_min": 0.1,
}

PRESETS: Final[Mapping[str, Mapping[str, Any]]] = {
    "default": {},
    "paper": {
        "max_iterations": 20,
        "patience": 6,
        "held": 0.0,
        "finalists": 1,
        "role": {
            **_PAPER_PSO,
            "particles": 10,
            "top_p": 0.8,
            "edges": "each",
            "encoding": "matrix",
            "decodes": 1,
            "adopt": False,
            "shapes": (),
            "models": "current",
            "moves": 0,
        },
        "weight": {
            **_PAPER_PSO,
            "credit": "assignments",
            "assignments": 10,
            "assignment": "random",
            "acceptance": "always",
            "anchor": 0.0,
        },
    },
}
"""Named settings of `SearchConfig`, as what they change of the defaults."""

MODEL_SWARMS: Final[Mapping[str, Any]] = {
    "max_iterations": 50,
    "patience": 10,
    "weight": {**_PAPER_PSO, "particles": 20, "restart_patience": 5},
}
"""What `method: model-swarms` with the paper's preset changes on top (Model Swarms, §4)."""


def search_config(preset: str, changes: Mapping[str, Any]) -> SearchConfig:
    """Return the search settings of `preset` with `changes` on top (nested mappings merge)."""
    if preset not in PRESETS:
        raise HswarmError(f"There is no preset {preset!r}.", hint=f"Presets: {', '.join(PRESETS)}.")
    settings = dict(PRESETS[preset])
    if preset == "paper" and changes.get("method") == "model-swarms":
        settings = merge(settings, MODEL_SWARMS)
    return validated(SearchConfig, merge(settings, changes), "the search settings")


def engine_config(**settings: object) -> EngineConfig:
    """Return how models are to be run; HswarmError for a value that is none."""
    return validated(EngineConfig, settings, "the engine's settings")


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with `changes` laid over it, key by key at every depth."""
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        both = isinstance(value, Mapping) and isinstance(below, Mapping)
        merged[key] = merge(below, value) if both else value  # type: ignore[arg-type]
    return merged


def nest(key: str, value: Any) -> dict[str, Any]:
    """Return {"a": {"b": value}} for the key "a.b"."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return dict(value)


def validated(model: type[M], values: Any, where: str) -> M:
    """Return `values` as a `model`, or say in one line what is wrong with which key of `where`."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(model, error, where) from None


def to_yaml(model: BaseModel) -> str:
    """Return a model as YAML that reads back to an equal model."""
    return yaml.safe_dump(model.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
