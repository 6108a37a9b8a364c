"""A pipeline's folder as it lies on the disk: which files it may hold, and whether they are whole.

Everything is refused that a pipeline has no need of: links, pickles, code, files that no checksum
covers. Nothing is read before it is known to be a plain file, in its place and of a size to expect.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from hswarm.config import validated
from hswarm.errors import HswarmError
from hswarm.experts.adapter import CONFIG, WEIGHTS
from hswarm.experts.folder import PICKLES
from hswarm.experts.source import UNWANTED, WANTED
from hswarm.pipeline.manifest import GOLDEN, GRAPH, LOCK, PIPELINE, REPORT, SCHEMA, Part

P = TypeVar("P", bound=Part)

SUMS: Final = "SHA256SUMS"
ADAPTERS: Final = "adapters"
BASES: Final = "bases"
INSIDE: Final = f"../../{BASES}"
"""Where an adapter finds the included bases."""

FORM: Final = (PIPELINE, GRAPH, LOCK, REPORT, GOLDEN, SUMS)
"""The files that every pipeline has."""
PAPERS: Final = ("README.md", "Dockerfile", "graph.svg")

_SLUG: Final = "[A-Za-z0-9][A-Za-z0-9._-]*"
_PLACES: Final = re.compile(
    "|".join(
        (
            *map(re.escape, (*FORM, *PAPERS)),
            rf"{ADAPTERS}/{_SLUG}/({re.escape(CONFIG)}|{re.escape(WEIGHTS)})",
            rf"{BASES}/{_SLUG}/[^/]+",
        )
    )
)
_DEPTH: Final = 3
_MOST_FILES: Final = 10_000
_MOST_BYTES: Final = {GRAPH: 4 << 20, GOLDEN: 64 << 20, SUMS: 4 << 20}
_MOST_BYTES_OF_JSON: Final = 1 << 20
_SUM: Final = re.compile(r"([0-9a-f]{64})  (.+)")
MEND: Final = "Export it again, or fetch it again from where it came from."


def list_files(folder: Path) -> dict[str, Path]:
    """Return every file of a pipeline by its path inside, "/" between the parts.

    Raises HswarmError at the first thing that has no place in a pipeline, or is missing.
    """
    if not folder.is_dir():
        raise HswarmError(
            f"There is no folder {folder}.", hint="`hswarm export RUN --out DIR` writes one."
        )
    files: dict[str, Path] = {}
    for name, path in _walk(folder, "", 1):
        if len(files) == _MOST_FILES:
            raise HswarmError(f"{folder} holds more than {_MOST_FILES:,} files.", hint=MEND)
        files[name] = path
        _refuse_foreign(folder, name)
    for name in FORM:
        if name not in files:
            raise HswarmError(
                f"{folder} is no pipeline: it has no {name}.",
                hint="`hswarm export RUN --out DIR` writes one.",
            )
    return files


def read_part(folder: Path, name: str, model: type[P]) -> P:
    """Return the content of the JSON file `name`; HswarmError where it is malformed."""
    path = folder / name
    content = read_object(path)
    version = content.get("schema_version")
    if version != SCHEMA:
        raise HswarmError(
            f"{path} is of format {version!s:.40}; this hswarm reads format {SCHEMA}.",
            hint="Use the hswarm that wrote it, or a newer one.",
        )
    return validated(model, content, str(path))


def read_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file of a size to expect; HswarmError where there is none."""
    try:
        content = json.loads(_read(path))
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise HswarmError(f"{path} is no JSON object.", hint=MEND)
    return content


def read_lines(folder: Path, name: str, model: type[P]) -> list[P]:
    """Return what a file holds, one JSON object a line; HswarmError at the first bad one."""
    path = folder / name
    items = []
    for number, line in enumerate(_read(path).splitlines(), start=1):
        try:
            items.append(model.model_validate_json(line))
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"]
            raise HswarmError(f"{path}: line {number}: {problem}.", hint=MEND) from None
    return items


def write_sums(folder: Path) -> None:
    """Write the checksum of every other file of `folder`, as `sha256sum` does."""
    files = {name: path for name, path in _walk(folder, "", 1) if name != SUMS}
    lines = [f"{_digest(path)}  {name}\n" for name, path in sorted(files.items())]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")


def check_sums(folder: Path, files: Mapping[str, Path]) -> None:
    """Raise HswarmError unless every file has the checksum that SHA256SUMS states for it."""
    stated: dict[str, str] = {}
    for line in _read(folder / SUMS).decode("utf-8", "replace").splitlines():
        match = _SUM.fullmatch(line)
        if match is None or match[2] in stated or match[2] == SUMS or match[2] not in files:
            raise HswarmError(
                f"{folder / SUMS} lists {line[66:].strip() or line!r:.100}, which is no file of"
                " the pipeline.",
                hint=MEND,
            )
        stated[match[2]] = match[1]
    for name, path in files.items():
        if name == SUMS:
            continue
        if name not in stated:
            raise HswarmError(
                f"{folder} holds {name}, which {SUMS} does not list.",
                hint="Take it out: a pipeline holds what was exported and nothing else.",
            )
        if _digest(path) != stated[name]:
            raise HswarmError(f"{path} is not what was exported: its checksum differs.", hint=MEND)


def _walk(folder: Path, inside: str, depth: int) -> Iterator[tuple[str, Path]]:
    """Yield (path inside, path) of every file, without following a link."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise HswarmError(
            f"{folder} cannot be read: {error.strerror}.", hint="Check its permissions."
        ) from None
    for entry in entries:
        name = f"{inside}{entry.name}"
        if entry.is_symlink():
            raise HswarmError(
                f"{entry.path} is a link; a pipeline holds its files itself.",
                hint="If you trust it, copy it with `cp -rL`, and export it again.",
            )
        if entry.is_dir(follow_symlinks=False) and depth < _DEPTH:
            yield from _walk(Path(entry.path), f"{name}/", depth + 1)
        elif entry.is_file(follow_symlinks=False):
            yield name, Path(entry.path)
        else:
            raise HswarmError(
                f"{entry.path} has no place in a pipeline: it is no plain file.", hint=MEND
            )


def _refuse_foreign(folder: Path, name: str) -> None:
    """Raise HswarmError for a file that a pipeline does not have, by its name alone."""
    last = name.rpartition("/")[2]
    if any(fnmatch(last.lower(), pattern) for pattern in PICKLES):
        raise HswarmError(
            f"{folder / name} may be pickled, and unpickling can run any code.",
            hint="Take it out: a pipeline's weights are safetensors.",
        )
    base = name.startswith(f"{BASES}/")
    if _PLACES.fullmatch(name) is None or (base and not is_of_base(last)):
        raise HswarmError(
            f"{folder / name} has no place in a pipeline.",
            hint="Take it out: a pipeline holds what was exported and nothing else.",
        )


def is_of_base(name: str) -> bool:
    """Whether a file called `name` belongs to a base model: weights, configuration, tokenizer."""
    wanted = any(fnmatch(name, pattern) for pattern in WANTED)
    return wanted and not any(fnmatch(name, pattern) for pattern in (*UNWANTED, *PICKLES, "*.py"))


def _read(path: Path) -> bytes:
    most = _MOST_BYTES.get(path.name, _MOST_BYTES_OF_JSON)
    try:
        with path.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise HswarmError(
            f"{path} cannot be read: {error.strerror}.", hint="Check its permissions."
        ) from None
    if len(content) > most:
        raise HswarmError(f"{path} is larger than the {most >> 20} MiB it may have.", hint=MEND)
    return content


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
