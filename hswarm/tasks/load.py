"""From a task's name to a task that can be run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hswarm.catalog import find
from hswarm.errors import HswarmError
from hswarm.tasks.bundled import generate
from hswarm.tasks.reader import Examples, parse_examples, read_examples
from hswarm.tasks.scorers import make_scorer
from hswarm.tasks.scorers.scorer import GoldScorer
from hswarm.tasks.spec import GeneratedData, read_spec
from hswarm.tasks.task import Task


def load_task(name: str, *, data: str | None = None, limit: int | None = None) -> Task:
    """Return the task called `name` (or in a YAML file of that path), ready to run.

    `data` is a file in the authors' JSON format to take instead of the task's own; `limit` keeps
    the first so many items of each split. Every item is checked for what the scorer needs.
    Raises HswarmError for anything about the task or the data that the user can mend.
    """
    path = find("tasks", name)
    spec = read_spec(path)
    scorer = make_scorer(spec.scorer.name, spec.scorer.arguments, str(path))
    if data is None:
        source, origin = f"{spec.name} (bundled)", "bundled"
        dev, test = _generated(spec.data, str(path))
    else:
        source, origin = data, Path(data).name
        dev, test = read_examples(Path(data))
    dev, test = dev[:limit], test[:limit]
    for split, examples in (("dev", dev), ("test", test)):
        _check(examples, scorer, f"{source}: {split}", spec.scorer.name)
    return Task(
        name=spec.name,
        title=f"{spec.name} ({origin})",
        dev=dev,
        test=test,
        scorer=scorer,
        scorer_name=spec.scorer.name,
        max_tokens=spec.max_tokens,
        fingerprint=_fingerprint(dev, test, spec.scorer.name, scorer.model_dump()),
        bundled=data is None,
    )


def _generated(data: GeneratedData, where: str) -> tuple[Examples, Examples]:
    content = generate(data.generator, dev=data.dev, test=data.test)
    return parse_examples(content, where)


def _check(examples: Examples, scorer: GoldScorer, where: str, name: str) -> None:
    for example in examples:
        lack = scorer.lacks(example)
        if lack is not None:
            raise HswarmError(
                f"{where} item {example.id!r} {lack}.", hint=f"The scorer {name!r} needs it."
            )


def _fingerprint(dev: Examples, test: Examples, scorer: str, arguments: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the examples and the scoring, as 64 hexadecimal digits."""
    content = {
        "dev": [asdict(example) for example in dev],
        "test": [asdict(example) for example in test],
        "scorer": scorer,
        "arguments": arguments,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
