"""A pipeline's models behind vLLM: the command that serves its base and every adapter."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Final

from hswarm.engines.ranks import round_rank
from hswarm.errors import HswarmError
from hswarm.experts.family import Family
from hswarm.pipeline.contents import Blueprint, Contents
from hswarm.pipeline.folder import ADAPTERS, BASES
from hswarm.pipeline.manifest import Base, HubBase, IncludedBase

_SCRIPT: Final = """\
#!/bin/sh
# The models of {name} behind vLLM: a base and an adapter per agent, any mix of them in a batch.
# graph.json says which agent sits in which node and how it decodes, golden.jsonl what each was
# given and said. Options of vLLM's can be added: sh {script}{which} --port 8001
cd "$(dirname "$0")/{folder}" || exit
{command}
"""

_SEVERAL: Final = """\
# A server has one base: give its family first.
family=$1
[ $# -gt 0 ] && shift
case "$family" in
{cases}
*)
echo "Which family? {families}" >&2
exit 2
;;
esac"""


def write_command(contents: Contents, place: Path) -> None:
    """Write the `vllm serve` command for a pipeline's models to the shell script `place`.

    Where there are several bases, the script's first argument says which. HswarmError where there
    is none.
    """
    blueprint = contents.blueprint
    families = blueprint.pool.families
    if not families:
        raise HswarmError(
            "There is no model in this pipeline that vLLM could serve.",
            hint="Serve it with `hswarm serve`.",
        )
    if blueprint.pool.mixtures:
        raise HswarmError(
            "vLLM mixes no tokens, and a model in this pipeline is a mixture.",
            hint="Serve it with `hswarm serve`.",
        )
    commands = {family.name: _write_command(blueprint, family) for family in families}
    command, which = next(iter(commands.values())), ""
    if len(families) > 1:
        cases = "\n".join(f"{quote(name)})\n{text}\n;;" for name, text in commands.items())
        command = _SEVERAL.format(cases=cases, families=_within_quotes(", ".join(commands)))
        which = f" {quote(families[0].name)}"
    script = _SCRIPT.format(
        name=blueprint.pipeline.name,
        script=place.name,
        which=which,
        folder=_within_quotes(contents.folder.resolve().name),
        command=command,
    )
    place.write_text(script, encoding="utf-8")
    place.chmod(0o755)


def _write_command(blueprint: Blueprint, family: Family) -> str:
    """Return the command that serves one base and its adapters."""
    folders = [blueprint.models.adapters[agent].folder for agent in family.names]
    words = [
        f"exec vllm serve {_base(blueprint.models.families[family.name].base)}",
        # Its own default is every address that the machine has, without a key.
        "--host 127.0.0.1",
        f"--dtype {blueprint.pipeline.engine.dtype}",
        # As here: what decides how a node decodes is the request, not the base's own settings.
        "--generation-config vllm",
        # One more than there are: with all of them taken, vLLM's CPU kernels give a request for
        # the base the weights of the last.
        f"--enable-lora --max-loras {len(folders) + 1}",
        f"--max-lora-rank {round_rank(family.scale.rank)}",
        "--lora-modules " + " ".join(f"{folder}={ADAPTERS}/{folder}" for folder in folders),
        '"$@"',
    ]
    return " \\\n  ".join(words)


def _base(base: Base) -> str:
    if isinstance(base, IncludedBase):
        return f"./{BASES}/{base.folder}"
    if isinstance(base, HubBase):
        return f"{quote(base.id)} --revision {quote(base.revision)}"
    return quote(base.path)


def _within_quotes(text: str) -> str:
    """Return `text` as it may stand between double quotes in a shell."""
    return "".join(f"\\{c}" if c in '\\"$`' else c for c in text)
