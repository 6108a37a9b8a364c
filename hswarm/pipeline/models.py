"""A system's models, written into a pipeline's folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hswarm.experts.adapter import WEIGHTS
from hswarm.experts.blend import save_adapter, stack_experts
from hswarm.experts.family import Family, open_family
from hswarm.experts.source import is_hub_id
from hswarm.pipeline.folder import ADAPTERS, BASE, INSIDE, is_of_base
from hswarm.pipeline.manifest import (
    AdapterNote,
    Base,
    HubBase,
    IncludedBase,
    LocalBase,
    ModelsFile,
)
from hswarm.search.roster import Row

INCLUDED_BYTES: Final = 100_000_000
"""A base of up to this size is put into the folder unless one asks for it not to be."""


def write_models(
    family: Family, rows: Mapping[str, Row], folder: Path, *, inline_base: bool | None
) -> ModelsFile:
    """Write an adapter for each of `rows` (agent -> coefficients), and the base if wanted.

    With `inline_base` None the base is included if it is small. Returns what models.lock.json says.
    """
    files = [path for path in family.base.iterdir() if path.is_file() and is_of_base(path.name)]
    if inline_base is None:
        inline_base = sum(path.stat().st_size for path in files) <= INCLUDED_BYTES
    base = _describe_base(family, included=inline_base)
    if inline_base:
        (folder / BASE).mkdir()
        for path in files:
            shutil.copyfile(path, folder / BASE / path.name)
        known_as, source = INSIDE, str(folder / BASE)
    else:
        known_as = source = family.base_source
    places = {name: folder / ADAPTERS / slug for name, slug in zip(rows, _slugs(rows), strict=True)}
    stack = stack_experts(family)
    for name, place in places.items():
        save_adapter(replace(family, base_source=known_as), rows[name], place, stack)
        (place / WEIGHTS).chmod(0o644)  # safetensors writes for the owner's eyes only
    # Opened as a reader will, which also tells each adapter's fingerprint.
    written = open_family(
        family.name,
        source,
        {name: str(place) for name, place in places.items()},
        prompt=family.prompt,
        revision=base.revision if isinstance(base, HubBase) else None,
    )
    experts = [expert.name for expert in family.experts]
    return ModelsFile(
        prompt=family.prompt,
        base=base,
        agents={
            expert.name: AdapterNote(
                folder=expert.folder.name,
                fingerprint=expert.fingerprint,
                blend={
                    name: c for name, c in zip(experts, rows[expert.name], strict=True) if c != 0.0
                },
            )
            for expert in written.experts
        },
    )


def _describe_base(family: Family, *, included: bool) -> Base:
    fingerprint = family.base_fingerprint
    if included:
        return IncludedBase(fingerprint=fingerprint)
    if is_hub_id(family.base_source):
        # A folder of the hub's cache is called by its commit.
        return HubBase(id=family.base_source, revision=family.base.name, fingerprint=fingerprint)
    return LocalBase(path=family.base_source, fingerprint=fingerprint)


def _slugs(names: Iterable[str]) -> list[str]:
    """Return a name for a folder per agent: plain letters, no two the same in any case."""
    slugs: list[str] = []
    for name in names:
        words = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._") or "agent"
        slug, number = words, 1
        while slug.casefold() in {taken.casefold() for taken in slugs}:
            number += 1
            slug = f"{words}-{number}"
        slugs.append(slug)
    return slugs
