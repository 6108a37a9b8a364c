"""Exporting and verifying, as the terminal shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from shlex import quote

from hswarm.cli.console import open_console, print_next
from hswarm.config import EngineConfig
from hswarm.pipeline.contents import Blueprint
from hswarm.pipeline.manifest import HubBase, IncludedBase
from hswarm.pipeline.strangers import find_strangers
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.target import place_beside
from hswarm.report.numerals import show_count


def export_shown(
    run: Path, out: Path, *, inline_base: bool | None, to: Sequence[TargetName]
) -> None:
    """Export a run and say what was written and what it needs to run."""
    open_console(stderr=True).print(f"Exporting {run} and asking it the golden questions ...")
    from hswarm.pipeline.export import export

    contents = export(run, out, inline_base=inline_base, to=to)
    blueprint, golden = contents.blueprint, contents.report.golden
    console = open_console()
    parts = [*_list_contents(blueprint), show_count(golden.items, "golden answer")]
    console.print(f"{out}: {', '.join(parts)}.", soft_wrap=True)
    strangers = find_strangers(blueprint.pool)
    if strangers:
        console.print(
            f"Not in the folder: {', '.join(map(str, strangers))}. Who opens it has to allow them,"
            " with --trust.",
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
    trust = " --trust" if strangers else ""
    print_next(
        console,
        [
            f"hswarm verify {there}{trust}",
            f'hswarm ask {there} "…"{trust}',
            f"hswarm serve {there}{trust}",
        ],
    )


def _list_contents(blueprint: Blueprint) -> Iterator[str]:
    """Yield what a pipeline is made of, in a few words each."""
    models, pool = blueprint.models, blueprint.pool
    yield show_count(len(blueprint.dag), "node")
    if models.adapters:
        yield show_count(len(models.adapters), "adapter")
    for family in models.families.values():
        base = family.base
        if isinstance(base, IncludedBase):
            yield "base included"
        else:
            yield (
                f"base {base.id}@{base.revision}"
                if isinstance(base, HubBase)
                else (f"base {base.path}")
            )
    if pool.remote:
        yield show_count(len(pool.remote), "remote model")
    if pool.tools:
        yield show_count(len(pool.tools), "tool")


def verify_shown(folder: Path, engine: EngineConfig, *, trust: bool) -> None:
    """Verify a pipeline and say what was checked, and what was not."""
    from hswarm.pipeline.verify import verify

    found = verify(folder, engine=engine, trust=trust)
    console = open_console()
    if found.not_asked:
        who = ", ".join(f"{name} ({why})" for name, why in found.not_asked.items())
        console.print(
            f"Not asked again, so that their golden answers were taken for given: {who}.",
            soft_wrap=True,
        )
    console.print(
        f"{folder} is what was exported: {show_count(found.files, 'file')},"
        f" {show_count(found.nodes, 'node')}, {show_count(found.adapters, 'adapter')};"
        f" all {show_count(found.golden, 'golden answer')} came out the same, node by node.",
        soft_wrap=True,
    )
