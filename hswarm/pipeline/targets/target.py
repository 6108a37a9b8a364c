"""What a pipeline can be written for besides hswarm, and where that goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hswarm.errors import HswarmError
from hswarm.pipeline.contents import Contents
from hswarm.pipeline.targets.langgraph import write_graph
from hswarm.pipeline.targets.mlflow import check_mlflow, write_model
from hswarm.pipeline.targets.name import TargetName
from hswarm.pipeline.targets.vllm import write_command


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can run a pipeline."""

    write: Callable[[Contents, Path], None]
    """Writes what it takes to a path beside the pipeline's folder."""
    suffix: str
    check: Callable[[], None] = lambda: None
    """Raises HswarmError where writing takes something that is not installed."""


TARGETS: Final[Mapping[TargetName, Target]] = {
    TargetName.VLLM: Target(write_command, ".sh"),
    TargetName.LANGGRAPH: Target(write_graph, ".py"),
    TargetName.MLFLOW: Target(write_model, "", check_mlflow),
}


def place_beside(out: Path, name: TargetName) -> Path:
    """Return where the target `name` of the pipeline in `out` goes; a name that Python imports."""
    stem = re.sub(r"\W", "_", f"{out.resolve().name}_{name}", flags=re.ASCII)
    return out.parent / f"{stem}{TARGETS[name].suffix}"


def check_targets(out: Path, names: Collection[TargetName]) -> None:
    """Raise HswarmError where a target could not be written, for whatever can be known before."""
    for name in names:
        TARGETS[name].check()
        place = place_beside(out, name)
        if place.exists():
            raise HswarmError(
                f"{place} is there already.", hint="Move it away, or choose another --out."
            )


def write_targets(contents: Contents, names: Collection[TargetName]) -> None:
    """Write the targets `names` of an exported pipeline beside its folder."""
    for name in names:
        TARGETS[name].write(contents, place_beside(contents.folder, name))
