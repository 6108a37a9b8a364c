"""Brings data along that a person has as a file: the authors' JSON, JSON lines, CSV, or GAIA."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import yaml

from hswarm.errors import HswarmError
from hswarm.tasks.content import read_file
from hswarm.tasks.fields import Fields
from hswarm.tasks.pull import hash_of
from hswarm.tasks.reader import parse_examples
from hswarm.tasks.scorers import METRICS, make_scorer
from hswarm.tasks.sources import Source, place
from hswarm.tasks.spec import TaskSpec


def bring_along(
    path: Path, spec: TaskSpec, fields: Fields | None, dev: int | None
) -> tuple[Path, Source]:
    """Put a file where the task `spec` finds it; return that place and the source it is.

    A file that is the authors' own, by its hash, becomes just that; any other becomes "imported",
    and the "hub" source's own file goes back to its place.
    """
    authors, target = spec.data.authors, place(spec, "authors")
    if authors is not None and target is not None and hash_of(path) == authors.sha256:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        return target, "authors"
    content = read_file(path, fields, dev=dev)
    parse_examples(content, str(path), spec.template)
    hub = spec.data.hub
    drawn = hub is not None and {"sha256", "revision"} <= set(content)
    source: Source = "hub" if drawn else "imported"
    target = place(spec, source)
    assert target is not None
    _write(target, json.dumps(content, ensure_ascii=False))
    return target, source


def make_task(
    path: Path,
    name: str,
    scorer: str,
    fields: Fields | None,
    *,
    dev: int | None,
    max_tokens: int,
    folder: Path = Path("tasks"),
) -> Path:
    """Write a task of one's own for a file: a YAML and the data beside it; return the YAML.

    HswarmError if the file cannot be read as data or the task is there already.
    """
    content = read_file(path, fields, dev=dev)
    examples = parse_examples(content, str(path))
    arguments = {"prompt": "similarity"} if scorer == "judge" else {}
    make_scorer(scorer, arguments, f"--scorer {scorer}")
    entry = folder / f"{name}.yaml"
    if entry.exists():
        raise HswarmError(
            f"{entry} is there already.", hint="Choose another --name, or remove it first."
        )
    data = folder / f"{name}.json"
    _write(data, json.dumps(content, ensure_ascii=False))
    task = {
        "name": name,
        "title": name,
        "description": f"{len(examples[0])} dev and {len(examples[1])} test items of {path.name}.",
        "data": {"file": data.name},
        "scorer": {"name": scorer, **({"arguments": arguments} if arguments else {})},
        "metric": METRICS.get(scorer, "exact match"),
        "max_tokens": max_tokens,
    }
    _write(entry, yaml.safe_dump(task, sort_keys=False, allow_unicode=True))
    return entry


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise HswarmError(
            f"{path} cannot be written: {error.strerror}.", hint="Check the folder's permissions."
        ) from None
