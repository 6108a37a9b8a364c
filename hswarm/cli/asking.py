"""A question on its way through a pipeline, as the terminal shows it."""

from __future__ import annotations

import asyncio
import json as json_format
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from textwrap import indent

import typer
from rich.console import Console
from rich.text import Text

from hswarm.cli.console import open_console
from hswarm.config import EngineConfig
from hswarm.engines.request import CallFailed, TooLong
from hswarm.errors import HswarmError
from hswarm.graph.draw import clean_names
from hswarm.pipeline.load import load
from hswarm.pipeline.pipeline import Pipeline
from hswarm.system import NodeEnded, NodeEvent, Transcript


def ask_shown(
    folder: Path,
    question: str,
    chunks: Sequence[str],
    engine: EngineConfig,
    *,
    trust: bool,
    json: bool,
) -> None:
    """Ask the pipeline in `folder`; the answer, or every turn as JSON, goes to stdout."""
    console = open_console(stderr=True)
    pipeline = load(folder, engine=engine, trust=trust)
    transcript = asyncio.run(_ask(pipeline, question, chunks, console))
    if json:
        content = {"answer": transcript.answer, "turns": [asdict(t) for t in transcript.turns]}
        typer.echo(json_format.dumps(content, indent=2, ensure_ascii=False))
    else:
        typer.echo(transcript.answer)


async def _ask(
    pipeline: Pipeline, question: str, chunks: Sequence[str], console: Console
) -> Transcript:
    dag = pipeline.system.dag
    names = clean_names(dag, pipeline.blueprint.agents)

    def show(event: NodeEvent) -> None:
        if isinstance(event, NodeEnded):
            node, turn = event.node, event.turn
            read = ", ".join(f"{parent} {names[parent]}" for parent in dag.parents[node])
            heading = f"{node} {names[node]}"
            console.print(
                Text(heading, style="bold").append(f"  reads {read}" if read else "", "not bold"),
                soft_wrap=True,
            )
            console.print(indent(turn.completion.text, "  "), soft_wrap=True)

    async with pipeline:
        try:
            return await pipeline.respond(question, context_chunks=chunks, observe=show)
        except CallFailed as failure:
            long = isinstance(failure, TooLong)
            raise HswarmError(
                f"The pipeline cannot answer that: {failure}.",
                hint="Ask something shorter." if long else "Ask again when it can be reached.",
            ) from None
