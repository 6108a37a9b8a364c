"""A run from start to finish, watched on stderr, its result on stdout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import typer

from hswarm.catalog import names
from hswarm.cli.console import open_console, print_next
from hswarm.cli.live import View
from hswarm.cli.summary import suggest, summarise
from hswarm.config import RunConfig
from hswarm.errors import HswarmError
from hswarm.search.result import Result
from hswarm.store.run import read_config

if TYPE_CHECKING:
    from hswarm.session import Watch

# hswarm.api is imported where it is needed: it brings the models' libraries, which takes seconds,
# and by then there is something to see on the screen.


def optimize_watched(
    settings: Mapping[str, Any],
    preset: str,
    folder: Path | None,
    *,
    track: Sequence[str],
    quiet: bool,
    json: bool,
) -> None:
    """Start a run and print what it found.

    `settings` are nested as in a run's config.yaml; they are laid over the preset. `track` names
    trackers that follow it, too.
    """

    def go(watch: Watch) -> Result:
        from hswarm.api import start

        return start(configured(settings, preset), folder, watch)

    _see_through(go, track=track, quiet=quiet, json=json)


def resume_watched(
    folder: Path, settings: Mapping[str, Any], *, track: Sequence[str], quiet: bool, json: bool
) -> None:
    """Go on with a run, its budget raised to what `settings` say, and print what it found."""

    def go(watch: Watch) -> Result:
        from hswarm.api import resume

        return resume(folder, watch, settings)

    _see_through(go, track=track, quiet=quiet, json=json)


def configured(settings: Mapping[str, Any], preset: str) -> RunConfig:
    """Return the whole configuration of a run that `settings` over a preset ask for.

    HswarmError, with the nearest names, for what there is not.
    """
    from hswarm.api import configure

    rest = dict(settings)
    task, search = rest.pop("task", None), rest.get("search", {})
    if task is None:
        raise HswarmError(
            "Which task? Name it by --task.", hint=f"There are: {', '.join(names('tasks'))}."
        )
    return configure(
        str(task),
        pool=rest.pop("pool", "tiny"),
        method=search.get("method", "heterogeneous"),
        preset=preset,
        seed=search.get("seed", 0),
        settings=rest,
    )


def _see_through(
    go: Callable[[Watch], Result], *, track: Sequence[str], quiet: bool, json: bool
) -> None:
    console = open_console(stderr=True)
    view = View(console, quiet=quiet)
    try:
        with view:
            result = _followed(go, view, track)
    except KeyboardInterrupt:
        console.print(_interrupted(view.folder), soft_wrap=True)
        raise typer.Exit(130) from None
    if json:
        typer.echo(result.model_dump_json(indent=2))
    elif view.folder is not None:
        _print_result(result, view.folder)


def _followed(go: Callable[[Watch], Result], view: View, track: Sequence[str]) -> Result:
    """Have the view and the trackers follow a run to its end."""
    from hswarm.tracking.following import watch_by
    from hswarm.tracking.trackers import open_trackers

    watchers = [view, *open_trackers(track, view.observe)]
    result = go(watch_by(watchers))
    for watcher in watchers:
        watcher.end(result)
    return result


def _print_result(result: Result, folder: Path) -> None:
    config = read_config(folder)
    console = open_console()
    console.print(summarise(result, config))
    console.print(f"\nThe run is in {folder}", soft_wrap=True)
    show = f"hswarm show run {quote(str(folder))}"
    print_next(console, [show, *suggest(result, config, folder)])


def _interrupted(folder: Path | None) -> str:
    if folder is None:
        return "Interrupted before the run began: there is nothing to resume."
    return (
        f"Interrupted. To go on where it stopped:\n  hswarm optimize --resume {quote(str(folder))}"
    )
