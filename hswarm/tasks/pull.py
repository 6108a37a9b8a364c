"""Fetches a task's data from where its authors or the hub keep it, checked by hash.

Everything is kept in the user's cache (`sources.data_folder`): what is there and whole is not
fetched again, so an interrupted pull of many tasks goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from hswarm.errors import HswarmError
from hswarm.tasks.fields import Item, to_items
from hswarm.tasks.gaia_steps import build_items
from hswarm.tasks.reader import parse_examples
from hswarm.tasks.sources import Source, place, sources_of
from hswarm.tasks.spec import AuthorsFile, HubDataset, TaskSpec
from hswarm.tasks.table import parse_json, read_text

RAW: Final = "https://raw.githubusercontent.com"
DRAW_SEED: Final = 2025
_SIZES: Final = (200, 1000)
"""The papers' numbers of dev and test items where a task does not say its own."""


def url_of(file: AuthorsFile) -> str:
    """Return where a file of the authors is fetched from."""
    return f"{RAW}/{file.repository}/{file.commit}/{file.path}"


def pull(spec: TaskSpec, source: Source | None = None, *, to: Path | None = None) -> Path:
    """Fetch a task's data from `source`, by default the authors, else the hub; return its file.

    With `to` it is put into that folder instead, to be carried to another machine. HswarmError
    where there is nothing to pull, the network or access is missing, or the content is not what
    the catalogue pins.
    """
    fetched: list[Source] = [s for s in sources_of(spec) if s != "bundled"]
    wanted = source or (fetched[0] if fetched else None)
    if wanted is None or wanted not in fetched:
        why = spec.data.missing or "it is made by the package itself."
        raise HswarmError(
            f"{spec.name} has nothing to pull{f' from {source}' if source else ''}: {why}",
            hint=f"With a file of your own: hswarm data import FILE --task {spec.name}",
        )
    path = place(spec, wanted)
    assert path is not None, "a source that the task names has a place"
    if to is not None:
        path = to / (path.name if wanted == "authors" else f"{spec.name}.json")
    if wanted == "authors" and spec.data.authors is not None:
        return _fetch(spec, spec.data.authors, path)
    assert spec.data.hub is not None
    return _draw(spec, spec.data.hub, path)


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _fetch(spec: TaskSpec, file: AuthorsFile, path: Path) -> Path:
    try:
        import pooch  # noqa: PLC0415
        import requests  # noqa: PLC0415
    except ImportError:
        raise HswarmError("Pulling needs the package pooch.", hint="pip install pooch") from None
    url = url_of(file)
    try:
        pooch.get_logger().setLevel("ERROR")
        pooch.retrieve(
            url,
            known_hash=f"sha256:{file.sha256}",
            path=path.parent,
            fname=path.name,
            downloader=pooch.HTTPDownloader(timeout=60),
        )
    except requests.RequestException as error:
        raise HswarmError(
            f"{url} cannot be reached: {_network(error)}.", hint=_elsewhere(spec, "authors")
        ) from None
    except ValueError as error:
        if "hash" not in str(error):
            raise
        raise HswarmError(
            f"{url} is not the file that the catalogue pins: its SHA-256 is another.",
            hint=f"Fetch it by hand, and see that sha256sum says {file.sha256}.",
        ) from None
    return path


def _elsewhere(spec: TaskSpec, source: Source) -> str:
    """Say what to run where there is a network, and then here."""
    authors = spec.data.authors if source == "authors" else None
    name = Path(authors.path).name if authors is not None else f"{spec.name}.json"
    option = "" if authors is not None else "--source hub "
    return (
        f"On a machine with network: hswarm data pull {spec.name} {option}--to .  "
        f"then carry {name} here and: hswarm data import {name} --task {spec.name}"
    )


def _draw(spec: TaskSpec, hub: HubDataset, path: Path) -> Path:
    """Draw dev and test items of a dataset on the hub, the same ones everywhere."""
    if path.is_file():
        _check_kept(path)
        return path
    commit = hub.revision or _newest(spec, hub)
    splits = _rows(spec, hub, commit)
    sizes = (spec.data.paper.dev, spec.data.paper.test) if spec.data.paper else _SIZES
    items: dict[str, list[Item]] = {}
    if hub.dev == hub.test:
        dev, test = _share_out(_items(spec, hub, splits[hub.dev], hub.dev), sizes)
        items = {"dev": dev, "test": test}
    else:
        for name, split, size in (("dev", hub.dev, sizes[0]), ("test", hub.test, sizes[1])):
            items[name] = _share_out(_items(spec, hub, splits[split], split), (size, 0))[0]
    parse_examples(items, f"{hub.dataset}@{commit[:12]}")
    content = {"dataset": hub.dataset, "revision": commit, **items}
    text = json.dumps({"sha256": _digest(content), **content}, ensure_ascii=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_kept(path: Path) -> None:
    """Refuse a file whose content is not what was drawn."""
    content = dict(parse_json(read_text(path), str(path)))
    if content.pop("sha256", None) != _digest(content):
        raise HswarmError(
            f"{path} has been changed since it was pulled.", hint=f"Remove it: rm {path}"
        )


def _items(spec: TaskSpec, hub: HubDataset, rows: list[dict[str, Any]], split: str) -> list[Item]:
    where = f"{hub.dataset}, {split}"
    if hub.builder == "gaia":
        return build_items(rows, where)
    return to_items(rows, hub.fields, where)


def _share_out(items: list[Item], sizes: tuple[int, int]) -> tuple[list[Item], list[Item]]:
    """Draw two disjoint lists; where there are too few items both shrink alike."""
    order = np.random.default_rng(DRAW_SEED).permutation(len(items)).tolist()
    wanted = sum(sizes)
    first = sizes[0] if wanted <= len(items) else round(len(items) * sizes[0] / wanted)
    second = min(sizes[1], len(items) - first)
    chosen = [items[k] for k in order]
    return chosen[:first], chosen[first : first + second]


def _newest(spec: TaskSpec, hub: HubDataset) -> str:
    """Return the dataset's commit of today; it is kept with the items that are drawn of it."""
    from huggingface_hub import HfApi  # noqa: PLC0415

    try:
        return str(HfApi().dataset_info(hub.dataset).sha)
    except Exception as error:
        raise _hub_error(spec, hub, error) from None


def _rows(spec: TaskSpec, hub: HubDataset, commit: str) -> dict[str, list[dict[str, Any]]]:
    try:
        import datasets  # noqa: PLC0415
    except ImportError:
        raise HswarmError(
            "Pulling from the hub needs the package datasets.", hint="pip install 'hswarm[hub]'"
        ) from None
    try:
        return {
            split: datasets.load_dataset(
                hub.dataset, hub.config, split=split, revision=commit
            ).to_list()
            for split in dict.fromkeys((hub.dev, hub.test))
        }
    except Exception as error:
        raise _hub_error(spec, hub, error) from None


def _hub_error(spec: TaskSpec, hub: HubDataset, error: Exception) -> HswarmError:
    """Say what a person can do: ask for access, or fetch it elsewhere."""
    page = f"https://huggingface.co/datasets/{hub.dataset}"
    if hub.gated:
        return HswarmError(
            f"{hub.dataset} is gated, and could not be read: {_reason(error)}.",
            hint=f"Accept its terms at {page}, then `hf auth login`, and pull again; or download "
            f"its validation metadata and: hswarm data import FILE --task {spec.name}. "
            + _elsewhere(spec, "hub"),
        )
    return HswarmError(
        f"{hub.dataset} cannot be read from the hub: {_reason(error)}.",
        hint=_elsewhere(spec, "hub"),
    )


def _network(error: Exception) -> str:
    """Return why a request failed; what libraries say of a missing connection is long."""
    import requests  # noqa: PLC0415

    if isinstance(error, requests.Timeout):
        return "no answer in time"
    return "no connection" if isinstance(error, requests.ConnectionError) else _reason(error)


def _reason(error: Exception) -> str:
    """Return an error in a few words on one line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return (text if len(text) <= 160 else f"{text[:157]}…").rstrip(".")
