"""A pipeline as it lies in its folder, found fit to run. Nothing here loads a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from hswarm.agents.agent import make_agent
from hswarm.agents.ensemble import Embedded, Ensemble
from hswarm.agents.opened import OpenPool
from hswarm.engines.request import Blend
from hswarm.errors import HswarmError
from hswarm.experts.adapter import CONFIG
from hswarm.experts.embedder import check_embedder, open_embedder
from hswarm.experts.family import Family, open_family
from hswarm.experts.mixture import Mixture
from hswarm.graph.dag import Dag
from hswarm.pipeline.folder import (
    ADAPTERS,
    BASES,
    INSIDE,
    MEND,
    check_sums,
    list_files,
    read_lines,
    read_object,
    read_part,
)
from hswarm.pipeline.manifest import (
    GOLDEN,
    GRAPH,
    LOCK,
    PIPELINE,
    REPORT,
    EnsembleNote,
    FamilyNote,
    GoldenItem,
    GraphFile,
    HubBase,
    IncludedBase,
    MixtureNote,
    ModelsFile,
    PipelineFile,
    RemoteNote,
    ReportFile,
    ToolNote,
)
from hswarm.system import System


@dataclass(frozen=True, slots=True)
class Blueprint:
    """All that it takes to answer: what the files say, and the models that they name."""

    pipeline: PipelineFile
    graph: GraphFile
    dag: Dag
    models: ModelsFile
    pool: OpenPool
    """The agents of models.lock.json, in its order."""

    @property
    def agents(self) -> list[str]:
        """Who sits in each node."""
        return [node.agent for node in self.graph.nodes]

    def system(self) -> System:
        """Return the graph with an agent in every node."""
        models = self.pool.agents
        return System(self.dag, tuple(make_agent(name, models[name]) for name in self.agents))


@dataclass(frozen=True, slots=True)
class Contents:
    """A pipeline's folder, read and checked."""

    folder: Path
    blueprint: Blueprint
    report: ReportFile
    golden: tuple[GoldenItem, ...]
    files: int


def open_contents(folder: Path) -> Contents:
    """Read the pipeline in `folder` and check all of it but what it answers.

    First what is where, then what stands in it, then checksums, then the models. Raises HswarmError
    at the first thing that is amiss.
    """
    files = list_files(folder)
    pipeline = read_part(folder, PIPELINE, PipelineFile)
    graph = read_part(folder, GRAPH, GraphFile)
    models = read_part(folder, LOCK, ModelsFile)
    report = read_part(folder, REPORT, ReportFile)
    dag = _check_graph(folder, graph, models)
    _check_places(folder, models, files)
    golden = tuple(read_lines(folder, GOLDEN, GoldenItem))
    _check_golden(folder, golden, dag)
    check_sums(folder, files)
    blueprint = Blueprint(pipeline, graph, dag, models, open_models(folder, pipeline.name, models))
    return Contents(folder, blueprint, report, golden, len(files))


def open_models(folder: Path, name: str, models: ModelsFile) -> OpenPool:
    """Find and check the models that the pipeline in `folder` names; HswarmError if unfit."""
    families = []
    for known_as, note in models.families.items():
        family = _open_family(folder, known_as, note, models)
        stated = {f"The base of {known_as}": note.base.fingerprint}
        found = {f"The base of {known_as}": family.base_fingerprint}
        stated |= {key: models.adapters[key].fingerprint for key in family.names}
        found |= {expert.name: expert.fingerprint for expert in family.experts}
        _check_fingerprints(folder, stated, found)
        families.append(family)
    agents = models.agents.items()
    remote = {key: agent.endpoint for key, agent in agents if isinstance(agent, RemoteNote)}
    tools = {key: agent for key, agent in agents if isinstance(agent, ToolNote)}
    _check_fingerprints(
        folder,
        {key: agent.fingerprint for key, agent in tools.items()},
        {key: agent.tool.reference.fingerprint for key, agent in tools.items()},
    )
    mixed = {key: agent for key, agent in agents if isinstance(agent, MixtureNote)}
    pool = OpenPool(
        name,
        tuple(families),
        mixtures=(Mixture("tokens", tuple(families)),) if mixed else (),
        remote=remote,
        tools={key: agent.tool for key, agent in tools.items()},
    )
    pool = replace(
        pool, mixed={key: _mixed(folder, key, note, pool) for key, note in mixed.items()}
    )
    return replace(pool, ensembles=_ensembles(folder, pool, models))


def _mixed(folder: Path, name: str, note: MixtureNote, pool: OpenPool) -> Blend:
    """Return who answers as a mixture; HswarmError where one of it is no adapter."""
    (mixture,) = pool.mixtures
    for expert in note.shares:
        if expert not in mixture.names:
            raise HswarmError(
                f"{folder / LOCK}: {name} is a mixture with {expert!r}, which is no adapter.",
                hint=MEND,
            )
    return Blend(*mixture.locate(tuple(note.shares.get(key, 0.0) for key in mixture.names)))


def _ensembles(folder: Path, pool: OpenPool, models: ModelsFile) -> dict[str, Ensemble]:
    """Return the ensembles by name; HswarmError where one has a member that is none or another."""
    alone = pool.agents
    ensembles = {}
    for name, note in models.agents.items():
        if isinstance(note, EnsembleNote):
            for member in note.members:
                if member not in alone:
                    raise HswarmError(
                        f"{folder / LOCK}: {name} has the member {member!r}, who is nobody alone.",
                        hint=MEND,
                    )
            members = [alone[member] for member in note.members]
            if isinstance(note.rule, Embedded):
                check_embedder(open_embedder(note.rule.embedder), note.rule.fingerprint)
            singles = [member for member in members if not isinstance(member, Ensemble)]
            ensembles[name] = Ensemble.of(singles, note.rule)
    return ensembles


def _open_family(folder: Path, name: str, note: FamilyNote, models: ModelsFile) -> Family:
    revision = None
    if isinstance(note.base, IncludedBase):
        base, known_as = str(folder / BASES / note.base.folder), f"{INSIDE}/{note.base.folder}"
    elif isinstance(note.base, HubBase):
        base = known_as = note.base.id
        revision = note.base.revision
    else:
        base = known_as = note.base.path
    adapters = {key: a for key, a in models.adapters.items() if a.family == name}
    places = {key: folder / ADAPTERS / adapter.folder for key, adapter in adapters.items()}
    for place in places.values():
        said = read_object(place / CONFIG).get("base_model_name_or_path")
        if said != known_as:
            raise HswarmError(
                f"{place / CONFIG} names another base than {LOCK}: {said!r:.100}.", hint=MEND
            )
    sources = {key: str(place) for key, place in places.items()}
    return open_family(name, base, sources, prompt=note.prompt, revision=revision)


def _check_fingerprints(folder: Path, stated: Mapping[str, str], found: Mapping[str, str]) -> None:
    for what, fingerprint in stated.items():
        if found[what] != fingerprint:
            raise HswarmError(
                f"{what} is not what {folder / LOCK} says: its fingerprint differs.",
                hint="Its content has changed since the export; restore it, or export again.",
            )


def _check_graph(folder: Path, graph: GraphFile, models: ModelsFile) -> Dag:
    for place, node in enumerate(graph.nodes):
        if node.agent not in models.agents:
            raise HswarmError(
                f"{folder / GRAPH}: in node {place} sits {node.agent!r}, which {LOCK} does not"
                " have.",
                hint=MEND,
            )
    try:
        return graph.dag()
    except ValueError as error:
        raise HswarmError(f"{folder / GRAPH}: {error}.", hint=MEND) from None


def _check_places(folder: Path, models: ModelsFile, files: Mapping[str, Path]) -> None:
    """Refuse models of which a file is missing, and files of models that nobody names."""
    peopled = {adapter.family for adapter in models.adapters.values()}
    for name in sorted(peopled ^ set(models.families)):
        raise HswarmError(f"{folder / LOCK}: {name} is no family with agents.", hint=MEND)
    named = {f"{ADAPTERS}/{adapter.folder}" for adapter in models.adapters.values()}
    bases = (family.base for family in models.families.values())
    named |= {f"{BASES}/{base.folder}" for base in bases if isinstance(base, IncludedBase)}
    there = {name.rpartition("/")[0] for name in files} - {""}
    for place in sorted(named ^ there):
        says = "names" if place in named else "does not name"
        has = "is not there" if place in named else "is"
        raise HswarmError(f"{folder / LOCK} {says} {place}, which {has}.", hint=MEND)


def _check_golden(folder: Path, golden: tuple[GoldenItem, ...], dag: Dag) -> None:
    if not golden:
        raise HswarmError(f"{folder / GOLDEN} holds no golden answer.", hint=MEND)
    for number, item in enumerate(golden, start=1):
        if len(item.turns) != len(dag) or item.answer != item.turns[dag.end].answer:
            raise HswarmError(
                f"{folder / GOLDEN}: line {number} is no way through this graph.", hint=MEND
            )
