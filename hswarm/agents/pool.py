"""The pool file: which base model and which experts a search is over, as YAML.

base: ../models/base            # a folder, from here or absolute, or a hub id
prompt: chat
experts:
  alice: ../adapters/alice
  bob: someone/bobs-adapter@v2  # a hub id and a revision
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from hswarm.catalog import read_yaml, unknown
from hswarm.config import validated
from hswarm.errors import HswarmError
from hswarm.experts.family import Family, open_family
from hswarm.experts.source import is_hub_id

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^\w[\w .+-]*$", max_length=80)]


class Pool(BaseModel):
    """A base model and the experts on it, in the order of their columns. Sources are absolute."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    """The file's name without its suffix if the file states none."""
    description: str = ""
    licence: str = ""
    version: str = ""
    base: Text
    """A folder or a hub id."""
    revision: Text | None = None
    """The revision of a base from the hub."""
    prompt: Literal["chat", "plain"]
    """`chat`: through the tokenizer's chat template; `plain`: the text as it is."""
    trust_remote_code: bool = False
    """Whether Python code that comes with the base may be run."""
    experts: Annotated[dict[Name, Text], Field(min_length=1)]
    """Name -> folder, or hub id with an optional "@revision"."""
    descriptions: dict[Name, str] = {}
    """Name -> what the expert is for, in a few words."""

    def open(self) -> Family:
        """Find, check and fingerprint the models; raises HswarmError where they are unfit."""
        return open_family(
            self.name,
            self.base,
            self.experts,
            prompt=self.prompt,
            revision=self.revision,
            trust_remote_code=self.trust_remote_code,
        )


def read_pool(path: Path) -> Pool:
    """Read a pool file; its relative paths start from its own folder.

    `adapters` is another name for `experts`.

    Raises HswarmError for malformed YAML, a key that there is not, or one that is given twice.
    """
    content = {"name": path.stem, **read_yaml(path)}
    _refuse_repeats(path)
    if "adapters" in content and "experts" not in content:
        content["experts"] = content.pop("adapters")
    for key in content:
        if key not in Pool.model_fields:
            raise _at(path, unknown("key", str(key), Pool.model_fields))
    pool = validated(Pool, content, str(path))
    for key in pool.descriptions:
        if key not in pool.experts:
            raise _at(path, unknown("expert", key, pool.experts))
    folder = path.absolute().parent
    experts = {name: _absolute(source, folder) for name, source in pool.experts.items()}
    return pool.model_copy(update={"base": _absolute(pool.base, folder), "experts": experts})


def _absolute(source: str, folder: Path) -> str:
    """Return a folder's absolute path, a hub id as it is. What looks like neither is a path."""
    path = folder / Path(source).expanduser()
    if path.exists() or not is_hub_id(source.partition("@")[0]):
        return str(path)
    return source


def _refuse_repeats(path: Path) -> None:
    """Raise HswarmError where a key is given twice: YAML would silently take the last."""
    nodes = [yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)]
    looked_at: set[int] = set()  # an alias may lead back to where it stands
    while nodes:
        node = nodes.pop()
        if not isinstance(node, yaml.MappingNode) or id(node) in looked_at:
            continue
        looked_at.add(id(node))
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise HswarmError(
                    f"{path}: line {key.start_mark.line + 1}: {key.value!r} is there twice.",
                    hint="Keys and experts need names of their own; rename or remove one.",
                )
            seen.add(str(key.value))
            nodes.append(value)


def _at(path: Path, error: HswarmError) -> HswarmError:
    return HswarmError(f"{path}: {error}", hint=error.hint)
