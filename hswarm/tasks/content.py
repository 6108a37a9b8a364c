"""From a data file of any accepted kind to dev and test items in the authors' format."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from hswarm.errors import HswarmError
from hswarm.tasks.fields import Fields, Item, to_items
from hswarm.tasks.gaia_steps import build_items, is_gaia
from hswarm.tasks.table import Rows, read_content

SPLIT_SEED: Final = 0
_DEV: Final = 200
"""Items for dev where nobody says otherwise, as in the papers; at most half of what there is."""


def read_file(path: Path, fields: Fields | None, *, dev: int | None = None) -> Mapping[str, Any]:
    """Return {"dev": […], "test": […]} of a file: JSON with both, or rows that are split here.

    `fields` says which column is what; without them rows have the authors' names. Rows with a
    column "split" that says "dev" or "test" are split by it, other ones by a fixed seed: `dev` of
    them, by default 200 or half of what there is. Rows of GAIA become items of GAIA-text.
    HswarmError for what cannot be read.
    """
    content = read_content(path)
    if isinstance(content, Mapping):
        if fields is None:
            return content
        splits = {name: content.get(name) for name in ("dev", "test")}
        if not all(isinstance(rows, list) and rows for rows in splits.values()):
            raise HswarmError(
                f'{path}: it has no "dev" and "test".', hint='Or give rows, with "split" in each.'
            )
        mapped = {k: to_items(v or [], fields, f"{path}: {k}") for k, v in splits.items()}
        return {**content, **mapped}
    if fields is None and is_gaia(content[0]):
        return split_items(build_items(content, str(path)), dev)
    dev_rows, test_rows = _split_rows(content, dev, path)
    if fields is None:
        return {"dev": dev_rows, "test": test_rows}
    return {
        "dev": to_items(dev_rows, fields, f"{path}: dev"),
        "test": to_items(test_rows, fields, f"{path}: test"),
    }


def split_items(items: list[Item], dev: int | None) -> dict[str, list[Item]]:
    """Split items by a fixed seed into `dev` of them and the rest."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(items)).tolist()
    count = min(dev or _DEV, max(1, len(items) // 2))
    return {"dev": [items[k] for k in order[:count]], "test": [items[k] for k in order[count:]]}


def _split_rows(rows: Rows, dev: int | None, path: Path) -> tuple[Rows, Rows]:
    if any("split" in row for row in rows):
        for number, row in enumerate(rows, start=1):
            if row.get("split") not in ("dev", "test"):
                raise HswarmError(
                    f"{path}: row {number}: its split is {row.get('split')!r}.",
                    hint='The column "split" must say dev or test in every row.',
                )
        return tuple(  # type: ignore[return-value]
            [{k: v for k, v in row.items() if k != "split"} for row in rows if row["split"] == name]
            for name in ("dev", "test")
        )
    if len(rows) < 2:
        raise HswarmError(
            f"{path}: one row is not enough for a dev and a test split.", hint="Give more rows."
        )
    split = split_items(rows, dev)
    return split["dev"], split["test"]
