"""What stands in the JSON files of a pipeline's folder.

Nothing here is a path that a reader has to trust: an adapter lies in `adapters/`, an included base
in `bases/`, and only a base that was left where it is goes by a path or by an id of the hub, found
again by its fingerprint. Of a key there is the name of the variable that holds it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from hswarm.agents.ensemble import Rule
from hswarm.agents.pool import Name
from hswarm.agents.prompts import PromptRole
from hswarm.config import BudgetConfig
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.request import Sampling
from hswarm.engines.tools.entry import AnyTool
from hswarm.experts.family import PromptStyle
from hswarm.graph.dag import Dag
from hswarm.search.result import Score, UsageReport
from hswarm.system import prompt_role

SCHEMA: Final = 1
"""The version of the folder's format that this package writes and reads."""

PIPELINE: Final = "pipeline.json"
GRAPH: Final = "graph.json"
LOCK: Final = "models.lock.json"
REPORT: Final = "report.json"
GOLDEN: Final = "golden.jsonl"

MOST_NODES: Final = 512

Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Line = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Slug = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]


class Part(BaseModel):
    """Anything in the folder's JSON: unknown keys, NaN and infinities are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TaskNote(Part):
    """What the system was found for."""

    name: Line
    title: Line
    scorer: Line
    context_chunks: bool
    """Whether its items come with context that is dealt over the nodes."""
    longest_question: Annotated[int, Field(ge=0)]
    """Characters of the longest question it was found on; what is longer holds context."""


class EngineNote(Part):
    """What ran the models, in which number format."""

    name: Literal["transformers", "vllm"]
    dtype: Literal["float32", "bfloat16", "float16"]


class PipelineFile(Part):
    """`pipeline.json`: what this is and where it comes from."""

    schema_version: Literal[1] = SCHEMA
    name: Slug
    task: TaskNote
    pool: Line
    method: Line
    seed: Annotated[int, Field(ge=0)]
    engine: EngineNote
    versions: dict[Line, Line]
    """Packages that made the golden answers."""
    licence: Line


class SamplingNote(Part):
    """How a node decodes."""

    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)]
    temperature: Annotated[float, Field(ge=0.0, le=10.0)]
    top_p: Annotated[float, Field(gt=0.0, le=1.0)]
    seed: Annotated[int, Field(ge=0, lt=2**63)]


class NodeNote(Part):
    """A node of the graph: its place in it, who sits there, whom it reads."""

    role: PromptRole
    agent: Name
    """A key of the agents in models.lock.json."""
    sampling: SamplingNote
    parents: Annotated[tuple[int, ...], Field(max_length=MOST_NODES)]


class GraphFile(Part):
    """`graph.json`: nodes by index."""

    schema_version: Literal[1] = SCHEMA
    nodes: Annotated[tuple[NodeNote, ...], Field(min_length=1, max_length=MOST_NODES)]

    def dag(self) -> Dag:
        """Return the graph; ValueError where it is none or the roles are not those of its nodes."""
        dag = Dag(tuple(node.parents for node in self.nodes))
        for place, node in enumerate(self.nodes):
            if node.role != prompt_role(dag, place):
                raise ValueError(f"node {place} is called {node.role}, which it is not")
        return dag

    def samplings(self) -> tuple[Sampling, ...]:
        """Return how each node decodes."""
        return tuple(Sampling(**node.sampling.model_dump()) for node in self.nodes)


class IncludedBase(Part):
    """A base model that lies in `bases/<folder>/`."""

    kind: Literal["included"] = "included"
    folder: Slug
    fingerprint: Fingerprint


class HubBase(Part):
    """A base model on the hub."""

    kind: Literal["hub"] = "hub"
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?$")]
    revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w./-]*$")]
    fingerprint: Fingerprint


class LocalBase(Part):
    """A base model in a folder of the machine that exported."""

    kind: Literal["local"] = "local"
    path: Annotated[Line, Field(pattern=r"^/|^[A-Za-z]:")]
    fingerprint: Fingerprint


Base = Annotated[IncludedBase | HubBase | LocalBase, Field(discriminator="kind")]


class FamilyNote(Part):
    """A base model and how it is prompted."""

    prompt: PromptStyle
    base: Base


class AdapterNote(Part):
    """An agent that is a LoRA adapter on its family's base, in `adapters/<folder>/`."""

    kind: Literal["adapter"] = "adapter"
    family: Name
    folder: Slug
    fingerprint: Fingerprint
    blend: dict[Name, float]
    """The experts of the pool that it was blended from, with their coefficients."""


class RemoteNote(Part):
    """An agent that is a model behind an API."""

    kind: Literal["remote"] = "remote"
    endpoint: Endpoint


class ToolNote(Part):
    """An agent that is a tool."""

    kind: Literal["tool"] = "tool"
    tool: AnyTool
    fingerprint: Fingerprint
    """SHA-256 of how it is set up, the version of a function's package included."""


class EnsembleNote(Part):
    """An agent that is several others, of whose answers one is taken."""

    kind: Literal["ensemble"] = "ensemble"
    members: Annotated[tuple[Name, ...], Field(min_length=1, max_length=MOST_NODES)]
    rule: Rule


class MixtureNote(Part):
    """An agent that is several adapters, whose next-token probabilities are mixed."""

    kind: Literal["mixture"] = "mixture"
    shares: Annotated[dict[Name, float], Field(min_length=2, max_length=MOST_NODES)]
    """How much each counts."""


AgentNote = Annotated[
    AdapterNote | RemoteNote | ToolNote | EnsembleNote | MixtureNote, Field(discriminator="kind")
]


class ModelsFile(Part):
    """`models.lock.json`: who answers, exactly."""

    schema_version: Literal[1] = SCHEMA
    families: Annotated[dict[Name, FamilyNote], Field(max_length=MOST_NODES)]
    agents: Annotated[dict[Name, AgentNote], Field(min_length=1, max_length=MOST_NODES)]

    @property
    def adapters(self) -> dict[str, AdapterNote]:
        """Those of the agents that are adapters."""
        return {
            name: agent for name, agent in self.agents.items() if isinstance(agent, AdapterNote)
        }


class SystemNote(Part):
    """How a system did on both splits."""

    name: Line
    dev: Score
    test: Score
    p_value: float | None
    p_test: str | None


class GoldenNote(Part):
    """How the golden answers compare with what the search itself heard from the same system."""

    items: int
    recorded: int
    """Items for which the run's memo still knows every answer on the way."""
    same: int
    """Those of them that came out the same. Formats shorter than float32 round differently from
    batch to batch."""


class ReportFile(Part):
    """`report.json`: how well it does, on which data, and what finding it took."""

    schema_version: Literal[1] = SCHEMA
    task: Line
    systems: tuple[SystemNote, ...]
    """The exported one first, then what it was compared with."""
    fingerprints: dict[Line, str]
    """SHA-256 of the task's data and scoring, and of the pool."""
    iterations: int
    stopped: Line
    budget: BudgetConfig
    """What the search was allowed."""
    search: UsageReport
    """What it used."""
    total: UsageReport
    """That and what the comparisons took."""
    golden: GoldenNote


class GoldenTurn(Part):
    """What a node was given and what it said."""

    prompt: str
    answer: str


class GoldenItem(Part):
    """A line of `golden.jsonl`: a question and its way through the graph, a turn per node."""

    id: str
    question: str
    context_chunks: tuple[str, ...]
    turns: tuple[GoldenTurn, ...]
    answer: str
