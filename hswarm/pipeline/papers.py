"""The papers that go with a pipeline, for whoever finds its folder: README.md and Dockerfile."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Final

from hswarm.agents.ensemble import Embedded
from hswarm.graph.draw import draw_text
from hswarm.pipeline.contents import Blueprint, Contents
from hswarm.pipeline.manifest import (
    Base,
    EnsembleNote,
    HubBase,
    IncludedBase,
    MixtureNote,
    SystemNote,
)
from hswarm.pipeline.strangers import find_strangers
from hswarm.search.result import Score

KEY: Final = "HSWARM_KEY"
"""The environment variable that a server's key is read from."""

_README: Final = """\
# {name}

A system of {nodes} that answers as one, found by hswarm {version} for {task}.

```
{drawing}
```

## Run it

```bash
pip install "hswarm[{extras}]=={version}"
hswarm verify .{trust}
hswarm ask . "a question"{trust}
hswarm serve .{trust}
```
{strangers}
`hswarm verify` proves that it answers as it did when it was exported. `hswarm serve` listens on
http://127.0.0.1:8000: a page to ask on, and an OpenAI-compatible API whose model is the graph:

```bash
curl http://127.0.0.1:8000/v1/chat/completions -H "Content-Type: application/json" \\
  -d '{{"model": "{name}", "messages": [{{"role": "user", "content": "a question"}}]}}'
```

In Python:

```python
import hswarm

with hswarm.load("."{python_trust}) as pipeline:
    print(pipeline.answer("a question").answer)
```

In a container, where others can reach it and so need a key:

```bash
docker build -t {image} .
docker run -p 8000:8000 -e {key}=...{given} {image}
```
{chunks}
## How good it is

{scores}

In brackets: the 95 % confidence interval. `report.json` has the numbers, the fingerprints of the
data, and what the search was allowed and used.

## Models

{models}

{licence}

## Files

| file | what it holds |
|---|---|
| `pipeline.json` | task, seed, versions |
| `graph.json` | nodes: role, agent, sampling, whom they read |
| `models.lock.json` | every agent: weights by fingerprint, remote models by provider and id |
| `adapters/` | LoRA adapters, in PEFT's format |
| `golden.jsonl` | {golden} items of the task with every node's answer, for `hswarm verify` |
| `report.json` | scores, data fingerprints, budget |
| `SHA256SUMS` | checksums: `sha256sum -c SHA256SUMS` |
"""

_CHUNKS: Final = """
Its task has context: send it as `"context_chunks": ["...", "..."]` beside the messages, and the
chunks are dealt over the nodes. Of a message longer than the questions it was found on, all but the
last paragraph is taken for context.
"""

_STRANGERS: Final = """
It asks models or tools that are not in this folder, which `--trust` allows.{keys}
"""
_KEYS: Final = "\nTheir keys are read from the environment: {variables}."

_DOCKERFILE: Final = """\
# docker build -t {image} . && docker run -p 8000:8000 -e {key}=...{given} {image}
FROM python:3.12-slim
ARG HSWARM="hswarm[{extras}]=={version}"
# The CPU build of torch; for a GPU: --build-arg TORCH_INDEX=https://pypi.org/simple
ARG TORCH_INDEX="https://download.pytorch.org/whl/cpu"
RUN pip install --no-cache-dir --extra-index-url "$TORCH_INDEX" "$HSWARM" \\
 && useradd --create-home hswarm
COPY . /pipeline
USER hswarm
EXPOSE 8000
HEALTHCHECK --start-period=60s CMD ["python", "-c", \\
  "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready')"]
# Others can reach it, so it does not start without a key in {key}.
CMD ["hswarm", "serve", "/pipeline", "--host", "0.0.0.0"{trust}]
"""


def write_readme(contents: Contents) -> str:
    """Return the README of a pipeline."""
    blueprint, report = contents.blueprint, contents.report
    pipeline, names = blueprint.pipeline, blueprint.agents
    return _README.format(
        name=pipeline.name,
        image=pipeline.name.lower(),
        key=KEY,
        version=pipeline.versions["hswarm"],
        task=pipeline.task.title,
        nodes=_count(blueprint),
        drawing=indent(draw_text(blueprint.dag, names), "  "),
        chunks=_CHUNKS if pipeline.task.context_chunks else "",
        scores="\n".join(_scores(report.systems)),
        models="\n".join(_list_agents(blueprint)),
        extras=_extras(blueprint),
        trust=_trust(blueprint),
        python_trust=", trust=True" if _trust(blueprint) else "",
        strangers=_explain_trust(blueprint),
        given="".join(f" -e {variable}" for variable in _secrets(blueprint)),
        licence=pipeline.licence,
        golden=len(contents.golden),
    )


def write_dockerfile(blueprint: Blueprint) -> str:
    """Return the Dockerfile of a pipeline."""
    pipeline = blueprint.pipeline
    return _DOCKERFILE.format(
        image=pipeline.name.lower(),
        key=KEY,
        version=pipeline.versions["hswarm"],
        extras=_extras(blueprint),
        trust=', "--trust"' if _trust(blueprint) else "",
        given="".join(f" -e {variable}" for variable in _secrets(blueprint)),
    )


def _scores(systems: tuple[SystemNote, ...]) -> Iterator[str]:
    yield "| system | dev | test |"
    yield "|---|---|---|"
    for system in systems:
        yield f"| {system.name} | {_score(system.dev)} | {_score(system.test)} |"


def _score(score: Score) -> str:
    if score.utility is None:
        return "not scored"
    bounds = f" [{score.interval[0]:.3f}, {score.interval[1]:.3f}]" if score.interval else ""
    return f"{score.utility:.3f}{bounds}, {score.items} items"


def _count(blueprint: Blueprint) -> str:
    """Return how many nodes there are, in words."""
    nodes = len(blueprint.dag)
    noun = "agent" if blueprint.pool.tools else "language model"
    return f"{nodes} {noun}" if nodes == 1 else f"{nodes} {noun}s"


def _list_agents(blueprint: Blueprint) -> Iterator[str]:
    """Yield a line about the adapters of each base, and one about everybody else."""
    models = blueprint.models
    for name, family in models.families.items():
        own = [key for key, adapter in models.adapters.items() if adapter.family == name]
        yield f"- {', '.join(own)}: LoRA, in `adapters/`, on {_place(family.base)}."
    for name, tool in blueprint.pool.tools.items():
        yield f"- {name}: a tool, {tool.about}."
    for name, endpoint in blueprint.pool.remote.items():
        yield f"- {name}: behind an API, {endpoint.about}."
    for name, note in models.agents.items():
        if isinstance(note, EnsembleNote):
            by = f", by the encoder `{r.embedder}`" if isinstance(r := note.rule, Embedded) else ""
            yield f"- {name}: {len(note.members)} of these, of whose answers one is taken{by}."
        if isinstance(note, MixtureNote):
            yield f"- {name}: {len(note.shares)} of these, mixed by their next-token probabilities."


def _place(base: Base) -> str:
    if isinstance(base, IncludedBase):
        return f"the base in `bases/{base.folder}/`, so that they need no network"
    if isinstance(base, HubBase):
        return f"`{base.id}` on the hub, revision `{base.revision}`"
    return f"`{base.path}` on the machine that exported this"


def _secrets(blueprint: Blueprint) -> list[str]:
    """Return the environment variables that its agents take."""
    strangers = find_strangers(blueprint.pool)
    return list(dict.fromkeys(v for stranger in strangers for v in stranger.entry.secrets))


def _explain_trust(blueprint: Blueprint) -> str:
    secrets = ", ".join(_secrets(blueprint))
    keys = _KEYS.format(variables=secrets) if secrets else ""
    return _STRANGERS.format(keys=keys) if _trust(blueprint) else ""


def _trust(blueprint: Blueprint) -> str:
    return " --trust" if find_strangers(blueprint.pool) else ""


def _extras(blueprint: Blueprint) -> str:
    """Return what to install hswarm with, as in hswarm[serve,remote]."""
    pool = blueprint.pool
    providers = {endpoint.provider for endpoint in pool.remote.values()}
    kinds = {tool.kind for tool in pool.tools.values()}
    wanted = {
        "serve": True,
        "remote": "openai" in providers,
        "gemini": "gemini" in providers,
        "tools": bool(kinds & {"http", "mcp"}),
    }
    return ",".join(extra for extra, needed in wanted.items() if needed)
