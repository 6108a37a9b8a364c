"""Which experts of a pool are to be trained, on what, and where to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hswarm.agents.pool import FamilyEntry, Pool, read_pool
from hswarm.catalog import find, is_file
from hswarm.errors import HswarmError
from hswarm.experts.recipe import Recipe
from hswarm.making.domains import check_domain
from hswarm.store.disk import replace_file


@dataclass(frozen=True, slots=True)
class Course:
    """The training of an expert."""

    name: str
    base: FamilyEntry
    folder: Path
    """Where the adapter comes to lie."""
    data: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Plan:
    """The training of a pool."""

    pool: Pool
    """With every expert where it comes to lie."""
    file: Path
    """The pool's file, which is there once all are trained."""
    courses: tuple[Course, ...]
    """Of the experts that are not there yet, in the pool's order."""

    @property
    def record(self) -> Path:
        """Where the losses and the held-out table are."""
        return self.file.with_name(f"{self.file.stem}-training")

    @property
    def work(self) -> dict[str, float]:
        """What is to be trained, and on how many conversations where that is known already."""
        return {
            one.name: float((one.recipe.steps or 1000) * one.recipe.batch) for one in self.courses
        }


def read_plan(pool: str, out: Path | None = None) -> Plan:
    """Return what there is to be trained of a pool: a file, or a pool that comes along.

    Experts are trained to where the pool says, or all of them into the folder `out` with a pool
    file of their own; for a pool that comes along that is by default one of its name. HswarmError
    where the pool does not say what an expert is trained on, or that cannot be read.
    """
    path = find("agents", pool)
    read = read_pool(path)
    if out is None and not is_file(pool):
        out = Path(pool)
    if not read.families:
        raise HswarmError(f"{pool} has no experts to train.", hint="Write families into it.")
    file = path
    if out is not None:
        out = out.absolute()
        read = _moved(read, out)
        file = out / f"{read.name}.yaml"
    sources = sources_of(read)
    courses = []
    for entry in read.families.values():
        for name, place in entry.experts.items():
            folder = Path(place)
            if not folder.is_absolute() or folder.exists():  # on the hub, or there
                continue
            if name not in sources:
                raise HswarmError(
                    f"{path}: it does not say what {name!r} is trained on.",
                    hint="Name a JSONL file or a domain: data: {"
                    f"{name}: tulu-v2:cot}}, or another expert's folder.",
                )
            recipe = read.training.of(name)
            check_domain(sources[name], recipe)
            courses.append(Course(name, entry, folder, sources[name], recipe))
    return Plan(read, file, tuple(courses))


def sources_of(pool: Pool) -> dict[str, str]:
    """Return expert -> what it is trained on, where the pool says so."""
    own = {name: one.data for name, one in pool.training.experts.items() if one.data is not None}
    return {**pool.data, **own}


def write_pool(plan: Plan) -> None:
    """Write the pool's file, if it is not there; what lies below its folder is named from there."""
    if plan.file.exists():
        return
    pool, here = plan.pool, plan.file.parent
    kept = pool.model_dump(mode="json", exclude_defaults=True, exclude={"families", "data"})
    families = {name: _written(entry, here) for name, entry in pool.families.items()}
    lone = families.get(pool.name) if len(families) == 1 else None
    content: dict[str, Any] = {
        **kept,
        **(lone if lone is not None else {"families": families}),
        "data": {name: _from(source, here) for name, source in pool.data.items()},
    }
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    replace_file(plan.file, text.encode())


def _moved(pool: Pool, out: Path) -> Pool:
    """Return the pool with every expert in `out`."""
    lone = len(pool.families) == 1
    families = {
        name: entry.model_copy(
            update={
                "experts": {
                    expert: str(out / expert if lone else out / name / expert)
                    for expert in entry.experts
                }
            }
        )
        for name, entry in pool.families.items()
    }
    return pool.model_copy(update={"families": families})


def _written(entry: FamilyEntry, here: Path) -> Mapping[str, Any]:
    said: dict[str, Any] = entry.model_dump(mode="json", exclude_defaults=True)
    experts = {name: _from(source, here) for name, source in entry.experts.items()}
    return {**said, "base": _from(entry.base, here), "experts": experts}


def _from(source: str, here: Path) -> str:
    """Return a path below `here` as it is named from there; all else as it is."""
    path = Path(source)
    if not path.is_absolute() or not path.is_relative_to(here):
        return source
    return f".{os.sep}{path.relative_to(here)}"
