"""The pool file: who a search is over, as YAML.

One family of experts is written as it is:

base: ../models/base            # a folder, from here or absolute, or a hub id
prompt: chat
experts:
  alice: ../adapters/alice
  bob: someone/bobs-adapter@v2  # a hub id and a revision

Several have names, each with the keys above:

families:
  llama: {base: llama, prompt: chat, experts: {alice: ../adapters/alice, bob: ../adapters/bob}}
  gemma: {base: gemma, prompt: plain, experts: {carol: ../adapters/carol}}

Beside either there may be models behind an API, each with the keys of `Endpoint`:

remote:
  large:
    base_url: https://api.example.com/v1
    model: large-2
    key: EXAMPLE_API_KEY          # an environment variable
    price: {prompt: 0.5, generated: 1.5}    # dollars per million tokens

With `mix: tokens` the experts of all families are one: their next-token probabilities are mixed.

And there may be tools, see `hswarm.engines.tools.entry`:

tools:
  calculator: {kind: calculator}
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hswarm.agents.opened import OpenPool
from hswarm.catalog import find, read_yaml, unknown
from hswarm.config import Mix, RunConfig, validated
from hswarm.engines.endpoint import Endpoint
from hswarm.engines.tools.entry import AnyTool
from hswarm.errors import HswarmError
from hswarm.experts.corpus import locate_corpus
from hswarm.experts.family import Family, open_family
from hswarm.experts.mixture import Mixture
from hswarm.experts.recipe import Recipe
from hswarm.experts.source import is_hub_id

Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^\w[\w .+-]*$", max_length=80)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FamilyEntry(_Frozen):
    """A base model and the experts on it, in the order of their columns."""

    base: Text
    """A folder or a hub id."""
    revision: Text | None = None
    """The revision of a base from the hub."""
    prompt: Literal["chat", "plain"]
    """`chat`: through the tokenizer's chat template; `plain`: the text as it is."""
    trust_remote_code: bool = False
    """Whether Python code that comes with the base may be run."""
    experts: Annotated[dict[Name, Text], Field(min_length=1)]
    """Name -> folder, or hub id with an optional "@revision". May be called `adapters`, too."""

    @model_validator(mode="before")
    @classmethod
    def _take_adapters(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "adapters" in values and "experts" not in values:
            others = {key: value for key, value in values.items() if key != "adapters"}
            return {**others, "experts": values["adapters"]}
        return values

    def open(self, name: str) -> Family:
        """Find, check and fingerprint the models; raises HswarmError where they are unfit."""
        return open_family(
            name,
            self.base,
            self.experts,
            prompt=self.prompt,
            revision=self.revision,
            trust_remote_code=self.trust_remote_code,
        )

    def resolve(self, folder: Path) -> FamilyEntry:
        """Return the entry with absolute paths, relative ones starting from `folder`."""
        experts = {name: _absolute(source, folder) for name, source in self.experts.items()}
        return self.model_copy(update={"base": _absolute(self.base, folder), "experts": experts})


_FAMILY_KEYS: Final = (*FamilyEntry.model_fields, "adapters")


class Pool(_Frozen):
    """Families of experts, and agents that stay as they are. Sources are absolute."""

    name: Name
    """The file's name without its suffix if the file states none."""
    description: str = ""
    training: Recipe = Recipe()
    """How experts of this pool are trained, and trained further."""
    licence: str = ""
    version: str = ""
    families: dict[Name, FamilyEntry] = {}
    """Name -> family; a lone one, written without a name, is called like the pool."""
    mix: Mix = "weights"
    """What moves together: `weights`, the experts of each family; `tokens`, all experts, by their
    next-token probabilities (token swarms, Model Swarms, section 5)."""
    remote: dict[Name, Endpoint] = {}
    """Name -> model behind an API."""
    tools: dict[Name, AnyTool] = {}
    """Name -> tool."""
    descriptions: dict[Name, str] = {}
    """Agent -> what it is for, in a few words."""
    data: dict[Name, Text] = {}
    """Expert -> what it is trained on, or some of it: a JSONL file, each line a "prompt" and a
    "response" or "messages", or a domain of Tulu-v2 as tulu-v2:NAME. Methods that train on it or
    look at it need it."""

    @property
    def agents(self) -> tuple[str, ...]:
        """Everybody's name."""
        experts = (name for family in self.families.values() for name in family.experts)
        return (*experts, *self.remote, *self.tools)

    def open(self) -> OpenPool:
        """Find, check and fingerprint the models; raises HswarmError where they are unfit."""
        families = tuple(entry.open(name) for name, entry in self.families.items())
        if self.mix == "tokens" and sum(map(len, families)) < 2:
            raise HswarmError(
                f"Pool {self.name!r} has too few experts to mix the tokens of.",
                hint="Mixing by tokens takes two local experts at least.",
            )
        return OpenPool(
            name=self.name,
            families=families,
            mixtures=(Mixture("tokens", families),) if self.mix == "tokens" else (),
            remote=self.remote,
            tools=self.tools,
            descriptions=self.descriptions,
            data=self.data,
            training=self.training,
        )


def read_pool(path: Path) -> Pool:
    """Read a pool file; its relative paths start from its own folder.

    Raises HswarmError for malformed YAML, a key that there is not, or one that is given twice.
    """
    content = {"name": path.stem, **read_yaml(path)}
    _refuse_repeats(path)
    known = [*Pool.model_fields, *_FAMILY_KEYS]
    for key in content:
        if key not in known:
            raise _at(path, unknown("key", str(key), known))
    pool = validated(Pool, _lift_family(content, path), str(path))
    _check_names(pool, path)
    folder = path.absolute().parent
    families = {name: entry.resolve(folder) for name, entry in pool.families.items()}
    data = {name: locate_corpus(source, folder) for name, source in pool.data.items()}
    training = pool.training.resolve(folder)
    return pool.model_copy(update={"families": families, "data": data, "training": training})


def pool_of(config: RunConfig) -> Pool:
    """Read the pool of a run; HswarmError as `read_pool`, or where there is none of its name."""
    pool = read_pool(find("agents", config.pool))
    return pool if config.mix is None else pool.model_copy(update={"mix": config.mix})


def _lift_family(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a file's content with a family that is written at its top among `families`."""
    own = {key: content[key] for key in _FAMILY_KEYS if key in content}
    rest = {key: value for key, value in content.items() if key not in own}
    if not own and {"families", "remote", "tools"} & set(content):
        return rest
    if "families" in content:
        raise HswarmError(
            f"{path}: there are families, and {next(iter(own))!r} outside of them.",
            hint="Write it into the family that it belongs to.",
        )
    family = validated(FamilyEntry, own, str(path))
    return {**rest, "families": {str(content["name"]): family}}


def _check_names(pool: Pool, path: Path) -> None:
    if not pool.agents:
        raise HswarmError(f"{path}: there is nobody in it.", hint="List experts or remote models.")
    for name in _repeated(pool.agents):
        raise HswarmError(
            f"{path}: two agents are called {name!r}.",
            hint="Whoever sits in a graph needs a name of its own; rename one.",
        )
    for name in (*pool.descriptions, *pool.data, *pool.training.experts):
        if name not in pool.agents:
            raise _at(path, unknown("agent", name, pool.agents))


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


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
                    hint="Keys and agents need names of their own; rename or remove one.",
                )
            seen.add(str(key.value))
            nodes.append(value)


def _at(path: Path, error: HswarmError) -> HswarmError:
    return HswarmError(f"{path}: {error}", hint=error.hint)
