"""A pipeline's models behind vLLM: the command that serves its base and every adapter."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Final

from hswarm.errors import HswarmError
from hswarm.pipeline.contents import Contents
from hswarm.pipeline.folder import ADAPTERS, BASE
from hswarm.pipeline.manifest import Base, HubBase, IncludedBase

_RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes for --max-lora-rank."""

_SCRIPT: Final = """\
#!/bin/sh
# The models of {name} behind vLLM: a base and an adapter per agent, any mix of them in a batch.
# graph.json says which agent sits in which node and how it decodes, golden.jsonl what each was
# given and said. Options of vLLM's can be added: sh {script} --port 8001
cd "$(dirname "$0")/{folder}" || exit
exec {command} "$@"
"""


def write_command(contents: Contents, place: Path) -> None:
    """Write the `vllm serve` command for a pipeline's models to the shell script `place`."""
    blueprint = contents.blueprint
    agents = blueprint.models.agents.values()
    words = [
        f"vllm serve {_base(blueprint.models.base)}",
        # Its own default is every address that the machine has, without a key.
        "--host 127.0.0.1",
        f"--dtype {blueprint.pipeline.engine.dtype}",
        # As here: what decides how a node decodes is the request, not the base's own settings.
        "--generation-config vllm",
        # One more than there are: with all of them taken, vLLM's CPU kernels give a request for
        # the base the weights of the last.
        f"--enable-lora --max-loras {len(agents) + 1}",
        f"--max-lora-rank {_rank(blueprint.family.scale.rank)}",
        "--lora-modules " + " ".join(f"{a.folder}={ADAPTERS}/{a.folder}" for a in agents),
    ]
    script = _SCRIPT.format(
        name=blueprint.pipeline.name,
        script=place.name,
        folder=_within_quotes(contents.folder.resolve().name),
        command=" \\\n  ".join(words),
    )
    place.write_text(script, encoding="utf-8")
    place.chmod(0o755)


def _base(base: Base) -> str:
    if isinstance(base, IncludedBase):
        return f"./{BASE}"
    if isinstance(base, HubBase):
        return f"{quote(base.id)} --revision {quote(base.revision)}"
    return quote(base.path)


def _rank(rank: int) -> int:
    for allowed in _RANKS:
        if rank <= allowed:
            return allowed
    raise HswarmError(
        f"vLLM takes adapters up to rank {_RANKS[-1]}; these have rank {rank}.",
        hint="Serve this pipeline with `hswarm serve`.",
    )


def _within_quotes(text: str) -> str:
    """Return `text` as it may stand between double quotes in a shell."""
    return "".join(f"\\{c}" if c in '\\"$`' else c for c in text)
