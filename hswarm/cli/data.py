"""`hswarm data`: fetch the data of tasks, or bring one's own along."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated, Final

import typer

app = typer.Typer(
    no_args_is_help=True,
    help="Fetch the data of tasks, or bring your own along.",
    epilog="""Examples:

  hswarm data pull nlgraph                      the split of the papers' authors
  hswarm data pull mmlu --source hub            drawn from the original on the hub
  hswarm data pull --all                        whatever can be pulled
  hswarm data import my.csv --name mine --question Q --answer A
  hswarm data import nlgraph.json --task nlgraph   carried here from elsewhere""",
)

_DEFAULT_TOKENS: Final = 256


@app.command(epilog="For example: hswarm data pull nlgraph gsm8k")
def pull(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK…", help="Names of tasks.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every task that has a source.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="authors or hub; by default authors where there are any.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Put the files there, to carry them.")
    ] = None,
) -> None:
    """Fetch data, check its hash and keep it in the cache ($HSWARM_DATA, or ~/.cache/hswarm).

    What is there already is not fetched again.
    """
    from hswarm.cli.datasets import pull_tasks
    from hswarm.errors import HswarmError

    if everything == bool(tasks):
        raise HswarmError(
            "Which tasks? Name them, or take --all.", hint="There are: hswarm show tasks"
        )
    pull_tasks(tasks, source, to)


@app.command("import", epilog="For example: hswarm data import my.jsonl --name mine")
def import_(
    file: Annotated[
        Path, typer.Argument(help="JSON as the papers' authors have it, JSON lines or CSV.")
    ],
    *,
    task: Annotated[
        str | None, typer.Option(help="A task that there is, whose data this is.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Or the name of a new task, written into ./tasks.")
    ] = None,
    scorer: Annotated[str, typer.Option(help="The new task's scorer.")] = "exact-match",
    question: Annotated[str | None, typer.Option(help="The column with the question.")] = None,
    answer: Annotated[str | None, typer.Option(help="The column with the answer.")] = None,
    choices: Annotated[
        str | None,
        typer.Option(help="The column with the choices, or one per choice: A,B,C,D"),
    ] = None,
    answer_is: Annotated[
        str, typer.Option(help="text, label, index (from 0), number (from 1) or flags.")
    ] = "text",
    context: Annotated[
        str | None, typer.Option(help="The column with a long text, cut into chunks.")
    ] = None,
    chunks: Annotated[int, typer.Option(help="Chunks that a long text is cut into.")] = 10,
    dev: Annotated[
        int | None, typer.Option(help="Rows for dev, where the file does not say.")
    ] = None,
    max_tokens: Annotated[
        int, typer.Option(help="Tokens that a node may generate, in a new task.")
    ] = _DEFAULT_TOKENS,
) -> None:
    """Bring a file of data along: for a task that there is, or as a new one."""
    from hswarm.catalog import find
    from hswarm.cli.console import open_console, print_next
    from hswarm.config import validated
    from hswarm.errors import HswarmError
    from hswarm.tasks.fields import Fields
    from hswarm.tasks.importing import bring_along, make_task
    from hswarm.tasks.spec import read_spec

    if (task is None) == (name is None):
        raise HswarmError(
            "For which task is it? Give --task for one that there is, or --name for a new one.",
            hint=f"For example: hswarm data import {file} --name mine",
        )
    columns = (question, answer, choices, context)
    fields = None
    if any(column is not None for column in columns):
        several = choices is not None and "," in choices
        asked = {
            "question": question or "question",
            "answer": answer,
            "choices": choices.split(",") if several and choices else choices,
            "answer_is": answer_is,
            "context": context,
            "chunks": chunks,
        }
        fields = validated(Fields, asked, "the columns")
    console = open_console()
    if task is not None:
        place, source = bring_along(file, read_spec(find("tasks", task)), fields, dev)
        console.print(f"Kept as {place}", soft_wrap=True)
        print_next(console, [f"hswarm optimize --task {quote(task)} --data {source}"])
    elif name is not None:
        entry = make_task(file, name, scorer, fields, dev=dev, max_tokens=max_tokens)
        console.print(f"The task is {entry}; change it as you like.", soft_wrap=True)
        print_next(console, [f"hswarm show tasks {name}", f"hswarm optimize --task {name}"])
