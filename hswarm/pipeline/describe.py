"""What a finished run has to say about the system that it found, as a pipeline's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Final

from hswarm.agents.opened import OpenPool
from hswarm.agents.pool import Pool
from hswarm.config import EngineConfig
from hswarm.engines.request import Sampling
from hswarm.graph.dag import Dag
from hswarm.pipeline.manifest import (
    EngineNote,
    GoldenNote,
    GraphFile,
    NodeNote,
    PipelineFile,
    ReportFile,
    SamplingNote,
    SystemNote,
    TaskNote,
)
from hswarm.search.result import Result
from hswarm.store.record import Record
from hswarm.system import prompt_role
from hswarm.tasks.task import Task

_PACKAGES: Final = ("hswarm", "torch", "transformers", "tokenizers")
"""What an answer depends on besides the models."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A finished run with its task and models at hand."""

    record: Record
    result: Result
    task: Task
    pool: Pool
    opened: OpenPool


def describe_origin(name: str, found: FinishedRun) -> PipelineFile:
    """Return pipeline.json: what this is and where it comes from."""
    task, config = found.task, found.record.config
    questions = [example.question for example in (*task.dev, *task.test)]
    return PipelineFile(
        name=name,
        task=TaskNote(
            name=task.name,
            title=task.title,
            scorer=task.scorer_name,
            context_chunks=any(example.context_chunks for example in task.dev),
            longest_question=max(map(len, questions)),
        ),
        pool=found.pool.name,
        method=found.result.method,
        seed=found.result.seed,
        engine=EngineNote.model_validate(
            {"name": config.engine.name, "dtype": _dtype(config.engine)}
        ),
        versions={package: version(package) for package in _PACKAGES},
        licence=_licence(found.pool),
    )


def describe_graph(dag: Dag, agents: Sequence[str], sampling: Sampling) -> GraphFile:
    """Return graph.json: every node decodes as it did in the search."""
    note = SamplingNote.model_validate(asdict(sampling))
    return GraphFile(
        nodes=tuple(
            NodeNote(role=prompt_role(dag, node), agent=agent, sampling=note, parents=parents)
            for node, (agent, parents) in enumerate(zip(agents, dag.parents, strict=True))
        )
    )


def describe_outcome(found: FinishedRun, golden: GoldenNote) -> ReportFile:
    """Return report.json: how good it is and what finding it took."""
    result = found.result
    return ReportFile(
        task=result.task,
        systems=tuple(
            SystemNote(
                name=system.name,
                dev=system.dev,
                test=system.test,
                p_value=system.p_value,
                p_test=system.p_test,
            )
            for system in (result.found, *result.compared)
        ),
        fingerprints={"task": found.task.fingerprint, "pool": found.opened.fingerprint},
        iterations=result.iterations,
        stopped=result.stopped,
        budget=found.record.config.budget,
        search=result.search,
        total=result.total,
        golden=golden,
    )


def _dtype(engine: EngineConfig) -> str:
    """Return the number format that the run's engine comes to on this machine."""
    from hswarm.engines.transformers.placement import pick_device, pick_dtype

    return str(pick_dtype(engine.dtype, pick_device(engine.device))).removeprefix("torch.")


def _licence(pool: Pool) -> str:
    if not pool.licence:
        return (
            f"Pool {pool.name} states no licence: that of its base and of its adapters holds for"
            " these weights."
        )
    return f"Licence of the weights, as pool {pool.name} states it: {pool.licence}."
