"""A system's models, written into a pipeline's folder."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from hswarm.agents.agent import Sitter
from hswarm.agents.ensemble import Ensemble, read_rule
from hswarm.agents.opened import OpenPool
from hswarm.engines.request import Blend
from hswarm.experts.adapter import WEIGHTS
from hswarm.experts.blend import save_adapter, stack_experts
from hswarm.experts.family import Family, open_family
from hswarm.experts.mixture import Mixture
from hswarm.experts.source import is_hub_id
from hswarm.pipeline.folder import ADAPTERS, BASES, INSIDE, is_of_base
from hswarm.pipeline.manifest import (
    AdapterNote,
    AgentNote,
    Base,
    EnsembleNote,
    FamilyNote,
    HubBase,
    IncludedBase,
    LocalBase,
    MixtureNote,
    ModelsFile,
    RemoteNote,
    ToolNote,
)
from hswarm.search.roster import Row

INCLUDED_BYTES: Final = 100_000_000
"""A base of up to this size is put into the folder unless one asks for it not to be."""


def write_models(
    pool: OpenPool, models: Mapping[str, Sitter], folder: Path, *, inline_base: bool | None
) -> ModelsFile:
    """Write an adapter for each blend among `models` (agent -> who answers), and the bases.

    With `inline_base` None a base is included if it is small. Of what is no blend nothing is
    written but how to find it. Returns what models.lock.json says.
    """
    names = list(models)
    slugs = dict(zip(names, _slugs(names), strict=True))
    families: dict[str, FamilyNote] = {}
    agents: dict[str, AgentNote] = {}
    for family, slug in zip(pool.families, _slugs(f.name for f in pool.families), strict=True):
        rows = {
            name: model.row
            for name, model in models.items()
            if isinstance(model, Blend) and model.family == family.fingerprint
        }
        if rows:
            base = _write_base(family, slug, folder, inline=inline_base)
            places = {name: folder / ADAPTERS / slugs[name] for name in rows}
            families[family.name] = FamilyNote(prompt=family.prompt, base=base)
            agents |= _write_adapters(family, base, rows, places)
    for name, endpoint in pool.remote.items():
        if name in models:
            agents[name] = RemoteNote(endpoint=endpoint)
    for name, tool in pool.tools.items():
        if name in models:
            agents[name] = ToolNote(tool=tool, fingerprint=tool.reference.fingerprint)
    called = {model: name for name, model in models.items()}
    for mixture in pool.mixtures:
        agents |= {
            name: MixtureNote(shares=_shares(mixture, model.row, called))
            for name, model in models.items()
            if isinstance(model, Blend) and model.family == mixture.fingerprint
        }
    for name, model in models.items():
        if isinstance(model, Ensemble):
            members = tuple(called[member] for member in model.members)
            agents[name] = EnsembleNote(members=members, rule=read_rule(model.rule))
    return ModelsFile(families=families, agents={name: agents[name] for name in names})


def _shares(mixture: Mixture, row: Row, called: Mapping[Sitter, str]) -> dict[str, float]:
    """Return how much each expert of a mixture counts, by what it is called as an agent."""
    shares = {}
    for column, coefficient in enumerate(row):
        if coefficient != 0.0:
            alone = tuple(float(k == column) for k in range(len(row)))
            shares[called[Blend(*mixture.locate(alone))]] = coefficient
    return shares


def _write_base(family: Family, slug: str, folder: Path, *, inline: bool | None) -> Base:
    """Describe a family's base, and put it into the folder if it is wanted there."""
    fingerprint = family.base_fingerprint
    files = [path for path in family.base.iterdir() if path.is_file() and is_of_base(path.name)]
    if inline is None:
        inline = sum(path.stat().st_size for path in files) <= INCLUDED_BYTES
    if inline:
        place = folder / BASES / slug
        place.mkdir(parents=True)
        for path in files:
            shutil.copyfile(path, place / path.name)
        return IncludedBase(folder=slug, fingerprint=fingerprint)
    if is_hub_id(family.base_source):
        # A folder of the hub's cache is called by its commit.
        return HubBase(id=family.base_source, revision=family.base.name, fingerprint=fingerprint)
    return LocalBase(path=family.base_source, fingerprint=fingerprint)


def _write_adapters(
    family: Family, base: Base, rows: Mapping[str, Row], places: Mapping[str, Path]
) -> dict[str, AdapterNote]:
    """Write the blend of each of `rows` to its place; return what is to be said of it."""
    source = known_as = family.base_source
    if isinstance(base, IncludedBase):
        known_as = f"{INSIDE}/{base.folder}"
    stack = stack_experts(family)
    for name, place in places.items():
        save_adapter(replace(family, base_source=known_as), rows[name], place, stack)
        (place / WEIGHTS).chmod(0o644)  # safetensors writes for the owner's eyes only
        if isinstance(base, IncludedBase):
            source = str(place / known_as)
    # Opened as a reader will, which also tells each adapter's fingerprint.
    written = open_family(
        family.name,
        source,
        {name: str(place) for name, place in places.items()},
        prompt=family.prompt,
        revision=base.revision if isinstance(base, HubBase) else None,
    )
    return {
        expert.name: AdapterNote(
            family=family.name,
            folder=expert.folder.name,
            fingerprint=expert.fingerprint,
            blend={
                name: c for name, c in zip(family.names, rows[expert.name], strict=True) if c != 0.0
            },
        )
        for expert in written.experts
    }


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
