"""One engine for everybody in a pool."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hswarm.config import EngineConfig
from hswarm.engines.batching import BatchingEngine, Runner
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.local import load_runner
from hswarm.engines.purse import Purse
from hswarm.engines.request import Engine
from hswarm.engines.router import Route, RouterEngine
from hswarm.engines.shipment import Shipment, load_here, load_shipped
from hswarm.engines.tools.engine import open_tool
from hswarm.engines.tools.entry import AnyTool
from hswarm.errors import HswarmError
from hswarm.experts.family import Family
from hswarm.experts.mixture import Mixture


def assemble(
    families: Sequence[Family],
    config: EngineConfig,
    *,
    remote: Mapping[str, Endpoint] | None = None,
    tools: Mapping[str, AnyTool] | None = None,
    mixtures: Sequence[Mixture] = (),
    purse: Purse | None = None,
    stand_ins: Mapping[Route, Engine] | None = None,
    steady: bool = True,
) -> RouterEngine:
    """Load the models of `families` and return the engine that answers for everybody.

    `remote` is name -> model behind an API, whose calls are paid from `purse`; `tools` is name ->
    tool; the families of `mixtures` are among `families`. Who has an engine among `stand_ins` is
    not opened; `steady` is the router's. Raises HswarmError where a model cannot be loaded, a tool
    is not to be had, a key is not there, or a library is not installed.
    """
    routes: dict[Route, Engine] = dict(stand_ins or {})
    for name, entry in {**(remote or {}), **(tools or {})}.items():
        if entry.reference not in routes:
            routes[entry.reference] = open_other(name, entry, purse)
    if families:
        engine = BatchingEngine(_open_local(families, config, mixtures))
        routes |= {family.fingerprint: engine for family in families}
        routes |= {mixture.fingerprint: engine for mixture in mixtures}
    return RouterEngine(routes, steady=steady)


def open_other(name: str, entry: Endpoint | AnyTool, purse: Purse | None = None) -> Engine:
    """Return the engine of a model behind an API or of a tool; HswarmError where that fails."""
    if isinstance(entry, Endpoint):
        return _open_remote(name, entry, purse)
    return open_tool(name, entry)


def _open_local(
    families: Sequence[Family], config: EngineConfig, mixtures: Sequence[Mixture]
) -> Runner:
    if config.workers == 1 and config.ray is None:
        return load_runner(families, config, mixtures)
    if mixtures:
        raise HswarmError(
            "Mixtures of tokens run in one process, and this run has workers.",
            hint="Leave out --workers and --ray.",
        )
    from hswarm.engines.ray import RayRunner

    if config.ray is None:
        return RayRunner(load_here, tuple(families), config)
    return RayRunner(load_shipped, Shipment.pack(families), config)


def _open_remote(name: str, endpoint: Endpoint, purse: Purse | None) -> Engine:
    if endpoint.provider == "gemini":
        from hswarm.engines.gemini import open_gemini

        return open_gemini(name, endpoint, purse)
    from hswarm.engines.openai import open_openai

    return open_openai(name, endpoint, purse)
