"""`hswarm optimize`: the main job."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from hswarm.cli import options

EPILOG: Final = """Examples:

  hswarm optimize --task gaia-text
  hswarm optimize --task gsm8k --pool my-pool.yaml --data gsm8k.json
  hswarm optimize --task nlgraph --method model-swarms --preset paper
  hswarm optimize --task gaia-text --set search.role.top_p=0.8 --seed 1
  hswarm optimize --task gaia-text --method model-swarms --early-stop
  hswarm optimize --task gaia-text --keep 2-10    do the weaker beat the strongest?
  hswarm optimize --task gaia-text --utility my_module:my_function
  hswarm optimize --task gsm8k --pool two-bases --mix tokens --method model-swarms
  hswarm optimize --config runs/NAME/config.yaml --seed 1
  hswarm optimize --resume runs/NAME --max-iterations 20

Ctrl-C leaves a run that can be resumed. Tasks there are: hswarm show tasks"""

SETTINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "task": ("task",),
    "pool": ("pool",),
    "mix": ("mix",),
    "data": ("data",),
    "limit": ("limit",),
    "method": ("search.method",),
    "optimizer": ("search.role.optimizer", "search.weight.optimizer"),
    "seed": ("search.seed",),
    "nodes": ("search.role.nodes",),
    "keep": ("search.keep",),
    "diversity": ("search.diversity",),
    "early_stop": ("search.early_stop",),
    "engine": ("engine.name",),
    "device": ("engine.device",),
    "dtype": ("engine.dtype",),
    "workers": ("engine.workers",),
    "ray": ("engine.ray",),
    "max_iterations": ("search.max_iterations",),
    "max_tokens": ("budget.max_tokens",),
    "max_seconds": ("budget.max_seconds",),
    "max_dollars": ("budget.max_dollars",),
    "max_evaluations": ("budget.max_evaluations",),
    "max_failed": ("budget.max_failed",),
}
"""Option -> the settings of a run's config.yaml that it stands for."""
CONFIDENCE: Final = 0.95
"""Of each comparison in a race; another by --set search.race=…"""

BUDGET: Final = (
    "max_iterations",
    "max_tokens",
    "max_seconds",
    "max_dollars",
    "max_evaluations",
    "max_failed",
)
_WITH_RESUME: Final = ("resume", "quiet", "json", "track", "set_", *SETTINGS)

_RUN: Final = "What to run"
_SEARCH: Final = "How to search"
_MODELS: Final = "How to run the models"
_STOP: Final = "When to stop (the best so far is the result)"
_FOLDER: Final = "Where to write, what to print"


def optimize(
    ctx: typer.Context,
    *,
    task: Annotated[
        str | None, typer.Option(help="A task's name or YAML file.", rich_help_panel=_RUN)
    ] = None,
    pool: Annotated[str, options.pool(_RUN)] = "tiny",
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="weights (inside each family) or tokens (experts of all bases as one family);"
            " by default what the pool says.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Data in the papers' JSON format, not the task's own.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    limit: Annotated[str | None, options.limit(_RUN)] = None,
    utility: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:FUNCTION",
            help="A function of yours rates systems, from their outputs or the model.",
            rich_help_panel=_RUN,
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="heterogeneous, role-only, weight-only, model-swarms, or a baseline: hswarm show"
            " methods.",
            rich_help_panel=_SEARCH,
        ),
    ] = "heterogeneous",
    preset: Annotated[
        str,
        typer.Option(
            metavar="PRESET",
            help="default (what works best) or paper (the papers' settings).",
            rich_help_panel=_SEARCH,
        ),
    ] = "default",
    optimizer: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Moves graphs and weights: pso, cma-es, de, bo or random.",
            rich_help_panel=_SEARCH,
        ),
    ] = "pso",
    seed: Annotated[int, typer.Option(help="Fixes all draws.", rich_help_panel=_SEARCH)] = 0,
    nodes: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Nodes of a graph; by default one per agent.", rich_help_panel=_SEARCH
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="A-B",
            help="Only agents of these ranks alone on dev: 2-10 withholds the best of ten.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    diversity: Annotated[
        str | None,
        typer.Option(
            metavar="AxB", help="A of the agents, B times each: 5x2.", rich_help_panel=_SEARCH
        ),
    ] = None,
    early_stop: Annotated[
        bool,
        typer.Option(
            "--early-stop",
            help="Spare dev items that can change nothing: the same search on fewer.",
            rich_help_panel=_SEARCH,
        ),
    ] = False,
    race: Annotated[
        bool,
        typer.Option(
            "--race",
            help=f"Drop what is clearly worse on a part of dev: approximate, at {CONFIDENCE} each.",
            rich_help_panel=_SEARCH,
        ),
    ] = False,
    set_: Annotated[
        list[str] | None,
        options.setting(_SEARCH),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Settings as in a run's config.yaml; other options overrule it.",
            rich_help_panel=_SEARCH,
        ),
    ] = None,
    engine: Annotated[
        str, typer.Option(help="transformers, vllm, or auto.", rich_help_panel=_MODELS)
    ] = "transformers",
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1, mps …", rich_help_panel=_MODELS)
    ] = "auto",
    dtype: Annotated[
        str, typer.Option(help="float32, bfloat16 or float16.", rich_help_panel=_MODELS)
    ] = "auto",
    workers: Annotated[
        int, typer.Option(help="Processes that share the work.", rich_help_panel=_MODELS)
    ] = 1,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="A Ray cluster whose machines they run on.",
            rich_help_panel=_MODELS,
        ),
    ] = None,
    max_iterations: Annotated[
        int | None, typer.Option(help="Iterations of the search.", rich_help_panel=_STOP)
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="Tokens generated in the search.", rich_help_panel=_STOP)
    ] = None,
    max_seconds: Annotated[
        float | None, typer.Option(help="Seconds of searching.", rich_help_panel=_STOP)
    ] = None,
    max_dollars: Annotated[
        float | None,
        typer.Option(help="Dollars for models behind an API, all in all.", rich_help_panel=_STOP),
    ] = None,
    max_evaluations: Annotated[
        int | None,
        typer.Option(
            help="Systems run on the whole of dev: methods at equal cost.", rich_help_panel=_STOP
        ),
    ] = None,
    max_failed: Annotated[
        float,
        typer.Option(
            help="Share of calls that may fail; past it the run stops, to be resumed.",
            rich_help_panel=_STOP,
        ),
    ] = 0.02,
    run: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The run's folder; by default runs/TASK-TIME.",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Go on with a run; its budget can be raised, nothing else changed.",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACKER",
            help="wandb, mlflow or tensorboard; can be repeated.",
            rich_help_panel=_FOLDER,
        ),
    ] = None,
    quiet: Annotated[bool, options.quiet(_FOLDER)] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=_FOLDER)
    ] = False,
) -> None:
    """Find the system of models that does a task best: who reads whose answer, and their weights.

    The search is shown as it runs. At the end the found system is compared
    with the best single model, chain and star, on items it has not seen.
    """
    from hswarm.cli.settings import collect
    from hswarm.cli.watched import optimize_watched, resume_watched

    # What was typed overrules a file of settings; what is only a default does not.
    typed = [name for name in ctx.params if _was_typed(ctx, name)]
    given = {key: ctx.params[name] for name in typed for key in SETTINGS.get(name, ())}
    if utility is not None:
        given |= {"scorer.name": "utility", "scorer.arguments.function": utility}
    if race:
        given["search.race"] = CONFIDENCE
    settings = collect(config, set_ or (), given)
    if resume is not None:
        _refuse_another_run(typed)
        resume_watched(resume, settings, track=track or [], quiet=quiet, json=json)
    else:
        optimize_watched(settings, preset, run, track=track or [], quiet=quiet, json=json)


def _was_typed(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_another_run(typed: Collection[str]) -> None:
    from hswarm.errors import HswarmError

    refused = [_flag(name) for name in typed if name not in _WITH_RESUME]
    if refused:
        raise HswarmError(
            f"{', '.join(refused)} cannot be given with --resume: the run has its settings.",
            hint=f"With --resume its budget can be raised: {', '.join(map(_flag, BUDGET))}.",
        )


def _flag(name: str) -> str:
    return f"--{name.strip('_').replace('_', '-')}"
