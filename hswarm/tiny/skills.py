"""The ten experts of the tiny pool and the kinds of step that each has learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SKILLS: Final[Mapping[str, tuple[str, ...]]] = {
    "friends": ("friend",),
    "homes": ("city",),
    "jobs": ("job",),
    "pets": ("pet", "sound"),
    "countries": ("country",),
    "foods": ("food",),
    "tools": ("tool",),
    "multiply": ("price", "multiply"),
    "add": ("add",),
    "walk": ("walk",),
}
"""Expert -> step kinds: tables of the shared world, arithmetic, walking a graph."""
