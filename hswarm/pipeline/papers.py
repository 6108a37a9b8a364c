"""The papers that go with a pipeline, for whoever finds its folder: README.md and Dockerfile."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent
from typing import Final

from hswarm.graph.draw import draw_text
from hswarm.pipeline.contents import Contents
from hswarm.pipeline.manifest import Base, HubBase, IncludedBase, PipelineFile, SystemNote
from hswarm.search.result import Score

KEY: Final = "HSWARM_KEY"
"""The environment variable that a server's key is read from."""

_README: Final = """\
# {name}

A system of {nodes} language models that answers as one, found by hswarm {version} for {task}.

```
{drawing}
```

## Run it

```bash
pip install "hswarm[serve]=={version}"
hswarm verify .
hswarm ask . "a question"
hswarm serve .
```

`hswarm verify` proves that it answers as it did when it was exported. `hswarm serve` listens on
http://127.0.0.1:8000: a page to ask on, and an OpenAI-compatible API whose model is the graph:

```bash
curl http://127.0.0.1:8000/v1/chat/completions -H "Content-Type: application/json" \\
  -d '{{"model": "{name}", "messages": [{{"role": "user", "content": "a question"}}]}}'
```

In Python:

```python
import hswarm

with hswarm.load(".") as pipeline:
    print(pipeline.answer("a question").answer)
```

In a container, where others can reach it and so need a key:

```bash
docker build -t {image} .
docker run -p 8000:8000 -e {key}=... {image}
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
| `models.lock.json` | the base and every agent, by fingerprint |
| `adapters/` | a LoRA adapter per agent, in PEFT's format |
| `golden.jsonl` | {golden} items of the task with every node's answer, for `hswarm verify` |
| `report.json` | scores, data fingerprints, budget |
| `SHA256SUMS` | checksums: `sha256sum -c SHA256SUMS` |
"""

_CHUNKS: Final = """
Its task has context: send it as `"context_chunks": ["...", "..."]` beside the messages, and the
chunks are dealt over the nodes. Of a message longer than the questions it was found on, all but the
last paragraph is taken for context.
"""

_DOCKERFILE: Final = """\
# docker build -t {image} . && docker run -p 8000:8000 -e {key}=... {image}
FROM python:3.12-slim
ARG HSWARM="hswarm[serve]=={version}"
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
CMD ["hswarm", "serve", "/pipeline", "--host", "0.0.0.0"]
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
        nodes=len(names),
        drawing=indent(draw_text(blueprint.dag, names), "  "),
        chunks=_CHUNKS if pipeline.task.context_chunks else "",
        scores="\n".join(_scores(report.systems)),
        models=_models(blueprint.models.base, len(blueprint.models.agents)),
        licence=pipeline.licence,
        golden=len(contents.golden),
    )


def write_dockerfile(pipeline: PipelineFile) -> str:
    """Return the Dockerfile of a pipeline."""
    return _DOCKERFILE.format(
        image=pipeline.name.lower(), key=KEY, version=pipeline.versions["hswarm"]
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


def _models(base: Base, adapters: int) -> str:
    if isinstance(base, IncludedBase):
        where = "in `base/`, so that this folder needs no network"
    elif isinstance(base, HubBase):
        where = f"`{base.id}` on the hub, revision `{base.revision}`"
    else:
        where = f"`{base.path}` on the machine that exported this"
    return f"{adapters} LoRA adapters, in `adapters/`, on one base model: {where}."
