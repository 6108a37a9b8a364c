"""`hswarm export`, `verify` and `ask`: a found system as a folder that can be handed on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from hswarm.pipeline.targets.name import TargetName

EXPORT_EPILOG: Final = """Examples:

  hswarm export runs/NAME --out my-pipeline
  hswarm export runs/NAME --out my-pipeline --inline-base
  hswarm export runs/NAME --out my-pipeline --to vllm --to langgraph

Beside the folder, --to writes my_pipeline_vllm.sh (the `vllm serve` command for
its models), my_pipeline_langgraph.py (a module with the graph), or
my_pipeline_mlflow (a model with a copy of the folder)."""

VERIFY_EPILOG: Final = "For example: hswarm verify my-pipeline"

ASK_EPILOG: Final = """Examples:

  hswarm ask my-pipeline "What is Ada's friend's job?"
  hswarm ask my-pipeline "Whose hat is it?" --chunk "Ada's hat is red."
  hswarm ask my-pipeline "What is Ada's friend's job?" --json"""

Folder = Annotated[Path, typer.Argument(help="The pipeline's folder.", metavar="DIR")]
Engine = Annotated[str, typer.Option(help="transformers, vllm, or auto.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, mps …")]
Threads = Annotated[int | None, typer.Option(help="CPU threads; one per core by default.")]
Trust = Annotated[
    bool, typer.Option("--trust", help="Let it ask models and use tools that are not in it.")
]


def export(
    run: Annotated[Path, typer.Argument(help="The run's folder.", metavar="RUN")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder to write.")],
    inline_base: Annotated[
        bool | None,
        typer.Option(
            "--inline-base/--no-inline-base",
            help="Put the base model in as well; by default a small one is.",
        ),
    ] = None,
    to: Annotated[
        list[TargetName] | None,
        typer.Option(help="Write it for this, too; can be repeated."),
    ] = None,
) -> None:
    """Write what a run found as a folder that holds everything and runs nothing.

    Graph, prompts, adapters, scores, and golden answers to prove by later
    that it still answers as it does now. JSON and safetensors only.
    """
    from hswarm.cli.exported import export_shown

    export_shown(run, out, inline_base=inline_base, to=to or [])


def verify(
    folder: Folder,
    *,
    trust: Trust = False,
    engine: Engine = "transformers",
    device: Device = "auto",
    threads: Threads = None,
) -> None:
    """Prove that a pipeline answers as it did when it was exported.

    Checksums, format, adapters, then the golden answers; where one differs,
    the first node that said something else is named. Models and tools that
    are not in the folder are asked again with --trust and their keys set.
    """
    from hswarm.cli.exported import verify_shown
    from hswarm.config import engine_config

    verify_shown(folder, engine_config(name=engine, device=device, threads=threads), trust=trust)


def ask(
    folder: Folder,
    question: Annotated[str, typer.Argument(help="What to ask.")],
    *,
    chunk: Annotated[
        list[str] | None,
        typer.Option(help="A chunk of context for the nodes to share; can be repeated."),
    ] = None,
    trust: Trust = False,
    engine: Engine = "transformers",
    device: Device = "auto",
    threads: Threads = None,
    json: Annotated[bool, typer.Option("--json", help="Print every turn as JSON.")] = False,
) -> None:
    """Ask a pipeline: every node's words as they come, then the answer.

    The answer goes to stdout, the way to it to stderr.
    """
    from hswarm.cli.asking import ask_shown
    from hswarm.config import engine_config

    config = engine_config(name=engine, device=device, threads=threads)
    ask_shown(folder, question, chunk or [], config, trust=trust, json=json)
