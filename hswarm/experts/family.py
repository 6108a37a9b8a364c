"""A family: experts that share a base model and an adapter shape, so that they can be blended.

Everything that could go wrong later is looked for here, from headers and configurations first and
in the weights last, before any model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from hswarm.errors import HswarmError
from hswarm.experts.adapter import Adapter, Scale, open_adapter
from hswarm.experts.fingerprint import hash_base, hash_json, hash_weights
from hswarm.experts.folder import (
    Stored,
    first_not_finite,
    read_json,
    read_tensors,
    weight_files,
)
from hswarm.experts.source import is_hub_id, locate, locate_here

PromptStyle = Literal["chat", "plain"]


@dataclass(frozen=True, slots=True)
class Expert:
    """A LoRA adapter of the family, as it was trained. `fingerprint` is the SHA-256 of it."""

    name: str
    folder: Path
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Origin:
    """A base that was read: where it lies, where others find it, what it is, how it is prompted."""

    base: Path
    source: str
    fingerprint: str
    prompt: PromptStyle
    trust_remote_code: bool


@dataclass(frozen=True, slots=True)
class Family:
    """Experts of one base and one adapter shape; place j is column j of a coefficient row.

    `fingerprint` is the SHA-256 of everything that shapes an answer: base, experts in order, prompt
    style. It does not depend on where the files lie or what the experts are called.
    """

    name: str
    base: Path
    """The base model's folder."""
    base_source: str
    """Where others find the base: its hub id, or its absolute path."""
    base_fingerprint: str
    """SHA-256 of the base model: weights, configuration, tokenizer."""
    experts: tuple[Expert, ...]
    prompt: PromptStyle
    """Whether prompts go through the tokenizer's chat template."""
    scale: Scale
    modules: Mapping[str, tuple[int, int]]
    """The adapted linear layers: dotted name inside the base -> (out, in), sorted by name."""
    fingerprint: str
    trust_remote_code: bool = False

    def __len__(self) -> int:
        return len(self.experts)

    @property
    def origin(self) -> Origin:
        """The base."""
        return Origin(
            self.base, self.base_source, self.base_fingerprint, self.prompt, self.trust_remote_code
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The experts' names, by column."""
        return tuple(expert.name for expert in self.experts)


def open_family(
    name: str,
    base: str,
    adapters: Mapping[str, str],
    *,
    prompt: PromptStyle,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Family:
    """Open the family of `adapters` (name -> folder or hub id) on `base` (folder or hub id).

    Reads every byte of the weights once. Raises HswarmError where anything is missing, malformed,
    not plain LoRA, of another base or shape than the rest, not finite, or too large for memory.
    """
    if not adapters:
        raise HswarmError(f"Pool {name!r} has no experts.", hint="List at least one adapter.")
    base_folder = locate(base, revision=revision, code=trust_remote_code)
    config = read_json(base_folder / "config.json")
    base_tensors = read_tensors(weight_files(base_folder))
    opened = {key: open_adapter(key, locate(source)) for key, source in adapters.items()}
    _check_alike(opened)
    _check_memory(name, opened)
    for key, adapter in opened.items():
        _check_base(key, adapter, base, base_folder, base_tensors)
        _check_fit(key, adapter, base, base_tensors)
    _check_finite(opened)
    base_fingerprint = hash_base(base_folder, config, base_tensors, code=trust_remote_code)
    local = Path(base).expanduser().is_dir()
    return _assemble(
        Origin(
            base=base_folder,
            source=str(base_folder.resolve()) if local else base.partition("@")[0],
            fingerprint=base_fingerprint,
            prompt=prompt,
            trust_remote_code=trust_remote_code,
        ),
        name,
        opened,
    )


def open_sibling(family: Family, name: str, folder: Path) -> Family:
    """Open an adapter that was made on the base of `family` as a family of one, called `name`.

    The base is not read again. Raises HswarmError where the adapter is unfit, not finite included.
    """
    opened = {name: open_adapter(name, folder)}
    _check_finite(opened)
    return _assemble(family.origin, name, opened)


def _assemble(origin: Origin, name: str, opened: Mapping[str, Adapter]) -> Family:
    first = next(iter(opened.values()))
    scale = first.scale
    experts = tuple(
        Expert(key, adapter.folder, hash_weights(adapter.tensors))
        for key, adapter in opened.items()
    )
    essence = {
        "base": origin.fingerprint,
        "experts": [expert.fingerprint for expert in experts],
        "scale": [scale.rank, scale.alpha, scale.use_rslora, scale.fan_in_fan_out],
        "prompt": origin.prompt,
    }
    return Family(
        name=name,
        base=origin.base,
        base_source=origin.source,
        base_fingerprint=origin.fingerprint,
        experts=experts,
        prompt=origin.prompt,
        scale=scale,
        modules=first.modules,
        fingerprint=hash_json(essence),
        trust_remote_code=origin.trust_remote_code,
    )


def _check_finite(adapters: Mapping[str, Adapter]) -> None:
    for key, adapter in adapters.items():
        broken = first_not_finite(adapter.tensors)
        if broken is not None:
            raise HswarmError(
                f"Adapter {key!r} has a NaN or an infinity in {broken}.",
                hint="Its training went wrong, or the file is damaged; leave it out of the pool.",
            )


def _check_alike(adapters: Mapping[str, Adapter]) -> None:
    (model, first), *others = adapters.items()
    for key, adapter in others:
        for what, ours, theirs in (
            ("rank", adapter.scale.rank, first.scale.rank),
            ("lora_alpha", adapter.scale.alpha, first.scale.alpha),
            ("use_rslora", adapter.scale.use_rslora, first.scale.use_rslora),
            ("fan_in_fan_out", adapter.scale.fan_in_fan_out, first.scale.fan_in_fan_out),
            ("target_modules", *_difference(adapter.modules, first.modules)),
        ):
            if ours != theirs:
                raise HswarmError(
                    f"Adapter {key!r} does not go with {model!r}: {what} {ours}, not {theirs}.",
                    hint="Experts that are blended must share one adapter shape.",
                )


def _difference(
    ours: Mapping[str, tuple[int, int]], theirs: Mapping[str, tuple[int, int]]
) -> tuple[str, str]:
    """Return what to say about the first module in which two adapters differ; equal if none."""
    for module in sorted({*ours, *theirs}):
        a, b = (f"{module} {side.get(module, '(absent)')}" for side in (ours, theirs))
        if a != b:
            return a, b
    return "", ""


def _check_memory(name: str, adapters: Mapping[str, Adapter]) -> None:
    """Refuse experts that do not fit in memory side by side, with one blend of them, in float32."""
    count = len(adapters)
    one = 4 * sum(
        adapter.scale.rank * (rows + columns)
        for adapter in list(adapters.values())[:1]
        for rows, columns in adapter.modules.values()
    )
    available = psutil.virtual_memory().available
    needed = (count + 1) * one
    if needed > available:
        most = max(0, available // one - 1)
        raise HswarmError(
            f"The {count} experts of pool {name!r} need {_giga(needed)} GB of memory to be blended"
            f" and {_giga(available)} GB are free.",
            hint=f"At {_giga(one)} GB each there is room for {most}: use fewer experts or a lower"
            " rank, or free some memory.",
        )


def _check_base(
    key: str, adapter: Adapter, base: str, folder: Path, tensors: Mapping[str, Stored]
) -> None:
    """Refuse an adapter of another base, as far as what it says about its base can be checked.

    A path that is gone and an id that was never fetched prove nothing: shapes must do then.
    """
    theirs = adapter.trained_for
    if not theirs or theirs == base:
        return
    beside = adapter.folder / theirs
    found = beside if beside.is_dir() else locate_here(theirs)
    if found is not None and found.resolve() == folder.resolve():
        return
    other = _read_whole(found) if found is not None else None
    if other is not None:
        same = _outline(other) == _outline(tensors) and hash_weights(other) == hash_weights(tensors)
    else:
        ids = [source.partition("@")[0].lower() for source in (base, theirs)]
        local = Path(base).expanduser().is_dir()
        same = local or not is_hub_id(ids[1]) or ids[0] == ids[1]
    if not same:
        raise HswarmError(
            f"Adapter {key!r} was trained for base {theirs}, not for {base}.",
            hint="Experts blend on their own base only; give that base, or leave the adapter out.",
        )


def _check_fit(key: str, adapter: Adapter, base: str, tensors: Mapping[str, Stored]) -> None:
    """Refuse an adapter of layers that the base's weights do not have, or not of that shape."""
    shapes: dict[str, set[tuple[int, ...]]] = {}
    for name, tensor in tensors.items():
        shapes.setdefault(_site(name.removesuffix(".weight")), set()).add(tensor.shape)
    for module, (rows, columns) in adapter.modules.items():
        have = shapes.get(_site(module), set())
        wanted = (columns, rows) if adapter.scale.fan_in_fan_out else (rows, columns)
        if wanted not in have:
            there = " or ".join(map(str, sorted(have))) or "no such layer"
            raise HswarmError(
                f"Adapter {key!r} does not fit base {base}: it adapts {module} of shape {wanted},"
                f" the base has {there}.",
                hint="It was trained for another base; check `base` and the adapter.",
            )


def _site(module: str) -> str:
    """Return where a layer is, without the prefixes in which checkpoints and models differ.

    "model.layers.0.mlp.up_proj" is at "layers.0.mlp.up_proj", "lm_head" at "lm_head".
    """
    parts = module.split(".")
    index = next((k for k, part in enumerate(parts) if part.isdigit()), len(parts))
    return ".".join(parts[index - 1 :])


def _read_whole(folder: Path) -> dict[str, Stored] | None:
    """Return the tensors of a model, None if `folder` holds less (the hub's cache often does)."""
    try:
        return read_tensors(weight_files(folder))
    except HswarmError:
        return None


def _outline(tensors: Mapping[str, Stored]) -> dict[str, tuple[str, Sequence[int]]]:
    return {name: (tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def _giga(size: int) -> str:
    return f"{size / 1e9:.3g}"
