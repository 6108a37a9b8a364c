"""Exporting and verifying, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

from hswarm.cli.console import open_console, print_next
from hswarm.cli.numerals import show_count
from hswarm.config import EngineConfig
from hswarm.pipeline.manifest import HubBase, IncludedBase
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside


def export_shown(
    run: Path, out: Path, *, inline_base: bool | None, to: Sequence[TargetName]
) -> None:
    """Export a run and say what was written and what it needs to run."""
    open_console(stderr=True).print(f"Exporting {run} and asking it the golden questions ...")
    from hswarm.pipeline.export import export

    contents = export(run, out, inline_base=inline_base, to=to)
    blueprint, golden = contents.blueprint, contents.report.golden
    base = blueprint.models.base
    if isinstance(base, IncludedBase):
        where = "included"
    else:
        where = f"{base.id}@{base.revision}" if isinstance(base, HubBase) else base.path
    console = open_console()
    console.print(
        f"{out}: {show_count(len(blueprint.dag), 'node')},"
        f" {show_count(len(blueprint.models.agents), 'adapter')}, base {where},"
        f" {show_count(golden.items, 'golden answer')}.",
        soft_wrap=True,
    )
    if golden.recorded:
        console.print(
            f"{golden.same} of {show_count(golden.recorded, 'answer')} that the run recorded came"
            " out the same, node by node.",
            soft_wrap=True,
        )
    for name in to:
        console.print(f"For {name}: {place_beside(out, name)}", soft_wrap=True)
    there = quote(str(out))
    print_next(
        console, [f"hswarm verify {there}", f'hswarm ask {there} "…"', f"hswarm serve {there}"]
    )


def verify_shown(folder: Path, engine: EngineConfig) -> None:
    """Verify a pipeline and say what was checked."""
    from hswarm.pipeline.verify import verify

    found = verify(folder, engine=engine)
    open_console().print(
        f"{folder} is what was exported: {show_count(found.files, 'file')},"
        f" {show_count(found.nodes, 'node')}, {show_count(found.adapters, 'adapter')};"
        f" all {show_count(found.golden, 'golden answer')} came out the same, node by node.",
        soft_wrap=True,
    )
