"""Where models come from: a local folder, the hub's cache on disk, or the hub itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from huggingface_hub import snapshot_download

from hswarm.errors import HswarmError

_HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
WANTED: Final = ("*.safetensors", "*.json", "tokenizer*", "*.model", "*.txt", "*.jinja")
UNWANTED: Final = ("*/*", "consolidated*")
"""Nothing below the top folder, and no second copy of the weights in another format."""


def locate(source: str, *, revision: str | None = None, code: bool = False) -> Path:
    """Return the folder that holds `source`: a local folder, or a hub id ("who/what@revision").

    A folder in the layout of the hub's cache stands for one of its snapshots. A hub id is fetched
    into the hub's cache where it is not there yet, weights in safetensors and text only, Python
    files too if `code`; with HF_HUB_OFFLINE set only the cache is looked at. Raises HswarmError.
    """
    path = Path(source).expanduser()
    if path.is_dir():
        return _snapshot(path.resolve(), revision) if (path / "snapshots").is_dir() else path
    if path.exists():
        raise HswarmError(
            f"{source} is a file, not a model's folder.",
            hint="Name the folder that holds the .safetensors and .json files.",
        )
    repository, _, at = source.partition("@")
    if not is_hub_id(repository):
        raise HswarmError(
            f"There is no folder {source}.", hint="Check the path, or give a hub id like who/what."
        )
    try:
        folder = snapshot_download(
            repository,
            revision=at or revision,
            allow_patterns=[*WANTED, *(["*.py"] if code else [])],
            ignore_patterns=list(UNWANTED),
        )
    except (OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise HswarmError(
            f"{source} is no folder here, and the hub did not give it: {reason}.",
            hint="Check the path or the id and, for the hub, the network, HF_TOKEN and"
            " HF_HUB_OFFLINE.",
        ) from None
    return Path(folder)


def locate_here(source: str) -> Path | None:
    """Return the folder of `source` if it is one or the hub's cache holds it; no network."""
    path = Path(source).expanduser()
    if path.is_dir():
        return locate(source)
    try:
        return Path(snapshot_download(source, local_files_only=True))
    except (OSError, ValueError):
        return None


def is_hub_id(source: str) -> bool:
    """Tell whether `source` could be a repository on the hub, "who/what" or "what"."""
    return _HUB_ID.fullmatch(source) is not None


def _snapshot(cache: Path, revision: str | None) -> Path:
    wanted = revision or "main"
    reference = cache / "refs" / wanted
    commit = reference.read_text().strip() if reference.is_file() else wanted
    folder = cache / "snapshots" / commit
    if not folder.is_dir():
        have = ", ".join(sorted(path.name for path in (cache / "snapshots").iterdir()))
        raise HswarmError(f"{cache} has no revision {wanted!r}.", hint=f"It has: {have or 'none'}.")
    return folder
