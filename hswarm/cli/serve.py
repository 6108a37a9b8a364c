"""`hswarm serve`: a pipeline behind HTTP."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import typer

EPILOG: Final = """Examples:

  hswarm serve my-pipeline
  hswarm serve my-pipeline --port 9000 --device cuda
  HSWARM_KEY=... hswarm serve my-pipeline --host 0.0.0.0

Then: http://127.0.0.1:8000 is a page to ask on, and clients of OpenAI's API
take http://127.0.0.1:8000/v1 for their base URL."""

_WHERE: Final = "Where to listen"
_LIMITS: Final = "What it takes on"
_MODELS: Final = "How to run the models"


def serve(
    folder: Annotated[Path, typer.Argument(help="The pipeline's folder.", metavar="DIR")],
    *,
    host: Annotated[
        str,
        typer.Option(help="Another than this machine's own needs a key.", rich_help_panel=_WHERE),
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, rich_help_panel=_WHERE)] = 8000,
    key_env: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The environment variable that holds the key; unset is none.",
            rich_help_panel=_WHERE,
        ),
    ] = "HSWARM_KEY",
    concurrent: Annotated[
        int, typer.Option(min=1, help="Questions at a time.", rich_help_panel=_LIMITS)
    ] = 64,
    queue: Annotated[
        int, typer.Option(min=0, help="Questions that may wait (429).", rich_help_panel=_LIMITS)
    ] = 256,
    deadline: Annotated[
        float, typer.Option(min=0.001, help="Seconds for an answer (504).", rich_help_panel=_LIMITS)
    ] = 120.0,
    body: Annotated[
        int, typer.Option(min=1, help="Bytes of a request (413).", rich_help_panel=_LIMITS)
    ] = 1 << 20,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Tokens that a request may ask for; by default the end node's.",
            rich_help_panel=_LIMITS,
        ),
    ] = None,
    trust: Annotated[
        bool,
        typer.Option(
            "--trust",
            help="Let it ask models and use tools that are not in it.",
            rich_help_panel=_MODELS,
        ),
    ] = False,
    engine: Annotated[
        str, typer.Option(help="transformers, vllm, or auto.", rich_help_panel=_MODELS)
    ] = "transformers",
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1, mps …", rich_help_panel=_MODELS)
    ] = "auto",
    threads: Annotated[
        int | None, typer.Option(help="CPU threads; one per core.", rich_help_panel=_MODELS)
    ] = None,
    memo: Annotated[
        bool,
        typer.Option(
            "--memo/--no-memo", help="Remember the last answers.", rich_help_panel=_MODELS
        ),
    ] = True,
) -> None:
    """Serve a pipeline: an OpenAI-compatible API whose model is the graph.

    At / there is a page to ask on that shows what each node is given and
    says. /metrics is for Prometheus, /health/live and /health/ready for
    whoever restarts it. SIGTERM and Ctrl-C answer what has been asked first.
    """
    from hswarm.cli.serving import serve_shown
    from hswarm.config import engine_config

    serve_shown(
        folder,
        engine=engine_config(name=engine, device=device, threads=threads, memo=memo),
        trust=trust,
        host=host,
        port=port,
        key=os.environ.get(key_env) or None,
        variable=key_env,
        limits={
            "concurrent": concurrent,
            "queue": queue,
            "deadline": deadline,
            "body": body,
            "max_tokens": max_tokens,
        },
    )
