"""A pool's local models as a parcel: sent to a machine once, unpacked there into a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from hswarm.config import EngineConfig
from hswarm.engines.batching import Audience, Batch, Runner
from hswarm.engines.families import FamiliesRunner
from hswarm.engines.local import load_runner
from hswarm.engines.request import Request
from hswarm.experts.adapter import CONFIG, WEIGHTS
from hswarm.experts.family import Family
from hswarm.experts.source import WANTED


@dataclass(frozen=True, slots=True)
class Shipment:
    """Families, and the files that they are made of: relative path -> bytes."""

    families: tuple[Family, ...]
    files: Mapping[str, bytes]

    @classmethod
    def pack(cls, families: Sequence[Family]) -> Self:
        """Read the files of `families`; a family is told from others by its fingerprint."""
        files: dict[str, bytes] = {}
        for family in families:
            wanted = (*WANTED, "*.py") if family.trust_remote_code else WANTED
            found = {path for pattern in wanted for path in family.base.glob(pattern)}
            for path in sorted(found):
                files[f"{family.fingerprint}/base/{path.name}"] = path.read_bytes()
            for place, expert in enumerate(family.experts):
                for name in (CONFIG, WEIGHTS):
                    content = (expert.folder / name).read_bytes()
                    files[f"{family.fingerprint}/{place}/{name}"] = content
        return cls(tuple(families), files)

    def unpack(self, folder: Path) -> tuple[Family, ...]:
        """Write the files under `folder` and return the families as they lie there."""
        for name, content in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        return tuple(
            replace(
                family,
                base=folder / family.fingerprint / "base",
                experts=tuple(
                    replace(expert, folder=folder / family.fingerprint / str(place))
                    for place, expert in enumerate(family.experts)
                ),
            )
            for family in self.families
        )


def load_here(families: Sequence[Family], config: EngineConfig) -> Runner:
    """Load models from where they lie: for a worker on the same machine."""
    return load_runner(families, config)


def load_shipped(shipment: Shipment, config: EngineConfig) -> Runner:
    """Unpack a shipment and load its models: for a worker on another machine."""
    folder = tempfile.TemporaryDirectory(prefix="hswarm-")
    return _Unpacked(load_runner(shipment.unpack(Path(folder.name)), config), folder)


@dataclass(frozen=True, slots=True)
class _Unpacked:
    """A runner and the files that its models came from, which go when it is closed."""

    runner: FamiliesRunner
    folder: tempfile.TemporaryDirectory[str]

    def run(self, requests: Sequence[Request], audience: Audience, /) -> Iterator[Batch]:
        return self.runner.run(requests, audience)

    def close(self) -> None:
        self.runner.close()
        self.folder.cleanup()
