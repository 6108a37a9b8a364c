"""Serving, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hswarm.cli.console import open_console
from hswarm.config import EngineConfig
from hswarm.errors import HswarmError

_EXTRA = frozenset({"fastapi", "starlette", "uvicorn", "prometheus_client"})


def serve_shown(
    folder: Path,
    *,
    engine: EngineConfig,
    trust: bool,
    host: str,
    port: int,
    key: str | None,
    variable: str,
    limits: Mapping[str, Any],
) -> None:
    """Serve the pipeline in `folder` and say where; return when it was told to stop."""
    try:
        from hswarm.serve.limits import Limits
        from hswarm.serve.server import listen, serve
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        raise HswarmError(
            f"The server needs {error.name}, which is not installed.",
            hint='Install what it takes: pip install "hswarm[serve]"',
        ) from None
    bounds = Limits(**limits)
    listening = listen(host, port, key=key, variable=variable)
    from hswarm.pipeline.load import load

    pipeline = load(folder, engine=engine, trust=trust)
    console = open_console(stderr=True)

    def say(address: str) -> None:
        console.print(
            f"{pipeline.name} answers on {address}" + (" to whoever has the key." if key else "."),
            soft_wrap=True,
        )

    serve(pipeline, listening, limits=bounds, key=key, started=say)
