"""GAIA-text: questions of GAIA with what its annotators found, step by step, as their context.

Feng et al. (2025), appendix B, keep the questions whose answer the annotators' tool use supports
and give each model of the system one step of it. Mialon et al. (2024) publish an annotator's way
as numbered lines of text, `Annotator Metadata` → `Steps`.

The paper does not say how support was judged. Here a question is kept if it needs no attached file,
took at least two steps, and one of them says the final answer. The answers of GAIA's own test split
are withheld ("?"), so only rows of its validation split qualify.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, Final

from hswarm.errors import HswarmError
from hswarm.tasks.fields import Item

CHUNKS: Final = 10
"""As many as the paper has models; longer ways are dealt evenly, shorter ones leave nodes free."""

_NUMBER = re.compile(r"^\s*(?:step\s*)?\d{1,2}\s*[.):]\s*", re.IGNORECASE | re.MULTILINE)
_COLUMNS: Final = ("Question", "Final answer", "Annotator Metadata")


def is_gaia(row: Mapping[str, Any]) -> bool:
    """Return whether a row is in GAIA's published form."""
    return all(column in row for column in _COLUMNS)


def build_items(rows: Iterable[Mapping[str, Any]], source: str) -> list[Item]:
    """Return the items of GAIA-text that GAIA's rows give; HswarmError if none qualifies."""
    items = [item for row in rows if (item := _build(row)) is not None]
    if not items:
        raise HswarmError(
            f"{source}: no question of it can be answered from its annotator's steps.",
            hint="GAIA publishes steps and answers with its validation split; take that one.",
        )
    return items


def split_steps(text: str) -> list[str]:
    """Return an annotator's steps, each on one line without its number; unnumbered lines follow."""
    starts = [match.start() for match in _NUMBER.finditer(text)]
    if not starts:
        parts = text.splitlines()
    else:
        bounds = [*starts, len(text)]
        parts = [text[a:b] for a, b in pairwise(bounds)]
    steps = (" ".join(_NUMBER.sub("", part, count=1).split()) for part in parts)
    return [step for step in steps if step]


def _build(row: Mapping[str, Any]) -> Item | None:
    answer = str(row["Final answer"]).strip()
    metadata = row["Annotator Metadata"]
    steps = split_steps(str(metadata.get("Steps", ""))) if isinstance(metadata, Mapping) else []
    if row.get("file_name") or answer in ("", "?") or len(steps) < 2 or not _says(steps, answer):
        return None
    bounds = [len(steps) * k // CHUNKS for k in range(CHUNKS + 1)]
    dealt = [" ".join(steps[a:b]) for a, b in pairwise(bounds)]
    return {
        "id": str(row.get("task_id", "")) or answer,
        "question": str(row["Question"]),
        "answer": answer,
        "domain": f"level {row.get('Level', '?')}",
        "context_chunks": steps if len(steps) <= CHUNKS else dealt,
    }


def _says(steps: Iterable[str], answer: str) -> bool:
    """Return whether a step says the answer as words of their own, in any case."""
    wanted = rf"(?<!\w){re.escape(' '.join(answer.split()))}(?!\w)"
    return any(re.search(wanted, step, re.IGNORECASE) for step in steps)
