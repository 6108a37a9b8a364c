"""Finds the entries of the three catalogues `graphs/`, `agents/` and `tasks/` and reads them.

An entry is one YAML file, and its file name without the suffix is its name. A user's entry hides
a shipped one of the same name. YAML here is data: it names what the package registers, never code.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from hswarm.errors import HswarmError

Kind = Literal["graphs", "agents", "tasks"]

_ENTRY: Final[Mapping[Kind, str]] = {"graphs": "graph", "agents": "pool", "tasks": "task"}
"""What one entry of each is called."""

_SUFFIXES = (".yaml", ".yml")


def folders(kind: Kind) -> list[Path]:
    """Return where entries of `kind` are looked for, the first place first.

    The working directory, then $HSWARM_CATALOG (default ~/.config/hswarm), then what is shipped:
    inside an installed package, or at the root of a checkout.
    """
    package = Path(__file__).parent
    shipped = package / "_catalog"
    user = os.environ.get("HSWARM_CATALOG")
    return [
        root / kind
        for root in (
            Path.cwd(),
            Path(user) if user else Path.home() / ".config" / "hswarm",
            shipped if shipped.is_dir() else package.parent,
        )
    ]


def find(kind: Kind, name: str) -> Path:
    """Return the file of the entry `name`; a path to a YAML file is taken as it is.

    Raises HswarmError with the nearest names if there is no such entry.
    """
    if is_file(name):
        path = Path(name)
        if not path.is_file():
            raise HswarmError(
                f"There is no file {name}.", hint=f"Or name one of the {kind}: {_listed(kind)}."
            )
        return path
    entries = _entries(kind)
    if name not in entries:
        raise unknown(_ENTRY[kind], name, entries)
    return entries[name]


def is_file(name: str) -> bool:
    """Return whether `name` is meant as the path of a YAML file, not as an entry's name."""
    return name.endswith(_SUFFIXES)


def names(kind: Kind) -> list[str]:
    """Return the names of all entries of `kind`, sorted."""
    return sorted(_entries(kind))


def unknown(what: str, name: str, known: Iterable[str]) -> HswarmError:
    """Return the error for a `name` that is not among the `known`: the nearest ones as the hint."""
    known = sorted(known)
    near = get_close_matches(name.lower(), known, n=3)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    everything = f"There are: {', '.join(known)}." if known else "There are none."
    return HswarmError(f"There is no {what} {name!r}.", hint=hint + everything)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a YAML file holds, read by the safe loader.

    Raises HswarmError with the line where it is malformed, and if it is no mapping.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise HswarmError(
            f"{path} cannot be read: {error.strerror}.", hint="Check the path and its permissions."
        ) from None
    except UnicodeDecodeError:
        raise HswarmError(f"{path} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise HswarmError(
            f"{path}: {where}{problem}.", hint="It is not valid YAML; mend it there."
        ) from None
    if not isinstance(content, dict):
        raise HswarmError(
            f"{path}: line 1: the file must be a mapping of keys to values.",
            hint="Write lines of the form `key: value`.",
        )
    return content


def _entries(kind: Kind) -> dict[str, Path]:
    """Return name -> file; of two entries of one name, the one found first."""
    return {
        path.stem: path
        for folder in reversed(folders(kind))
        for suffix in _SUFFIXES
        for path in folder.glob(f"*{suffix}")
    }


def _listed(kind: Kind) -> str:
    return ", ".join(names(kind)) or "none"
