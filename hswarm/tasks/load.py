"""From a task's name to a task that can be run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from hswarm.catalog import find, unknown
from hswarm.config import Limit, Limits, merge, per_split, validated
from hswarm.errors import HswarmError
from hswarm.tasks import inspect_tasks, lm_eval_tasks
from hswarm.tasks.bundled import generate
from hswarm.tasks.content import read_file
from hswarm.tasks.reader import Examples, parse_examples, read_examples
from hswarm.tasks.rounds import make_rounds
from hswarm.tasks.scorers import CODE, METRICS, make_scorer
from hswarm.tasks.scorers.harmonic import HarmonicMean
from hswarm.tasks.scorers.scorer import BaseScorer
from hswarm.tasks.sources import SOURCES, find_data, sources_of
from hswarm.tasks.spec import ScorerSpec, TaskSpec, read_spec
from hswarm.tasks.task import Calibrating, Task

_LATER: Final = frozenset({"part", "rounds"})
"""Fields of an example that count for a fingerprint only where they are used."""

ECOSYSTEM: Final[Mapping[str, Callable[[str, Limits], Task]]] = {
    "lm-eval": lm_eval_tasks.load,
    "inspect": inspect_tasks.load,
}
"""Prefix of a task's name -> what loads it from another harness."""


def is_of_ecosystem(name: str) -> bool:
    """Return whether `name` is that of a task of another harness, as "lm-eval:gsm8k" is."""
    harness, colon, _ = name.partition(":")
    return bool(colon) and harness in ECOSYSTEM


def load_task(
    name: str,
    *,
    data: str | None = None,
    limit: Limit | None = None,
    scorer: Mapping[str, Any] | None = None,
) -> Task:
    """Return the task called `name` (or in a YAML file of that path), ready to run.

    `data` is another source of the task ("bundled", "authors", "hub", "imported") or a file in the
    authors' JSON format; `limit` keeps the first so many items of each split, or of dev and test;
    `scorer` is laid over the task's own ({"name": …, "arguments": {…}}). "lm-eval:NAME" and
    "inspect:FILE@TASK" are tasks of those harnesses. Every item is checked for what the scorer
    needs. Raises HswarmError for anything about the task or the data that the user can mend.
    """
    if is_of_ecosystem(name):
        harness, _, rest = name.partition(":")
        if data is not None or scorer:
            raise HswarmError(
                f"{name} comes with its own data and scoring.",
                hint="Leave the data and the scorer out, or write a task of your own.",
            )
        return ECOSYSTEM[harness](rest, per_split(limit))
    path = find("tasks", name)
    spec = read_spec(path)
    if spec.data.parts:
        return _joined(spec, data, limit)
    source = data if data is not None else _default_source(spec, path)
    bundled = source == "bundled"
    dev, test = _examples(spec, source, path)
    of_dev, of_test = per_split(limit)
    dev, test = dev[:of_dev], test[:of_test]
    scoring = spec.data.scorer if bundled and spec.data.scorer is not None else spec.scorer
    asked = _asked(scoring, scorer or {})
    if scoring.name == CODE:
        raise HswarmError(
            f"{path}: a task's file names no code.", hint="Name it by --utility module:function."
        )
    scored_by = make_scorer(asked.name, asked.arguments, str(path))
    where = f"{spec.name} (bundled)" if bundled else source
    for split, examples in (("dev", dev), ("test", test)):
        _check(examples, scored_by, f"{where}: {split}", asked.name)
    rounds = spec.rounds
    return Task(
        name=spec.name,
        title=f"{spec.name} ({'bundled' if bundled else Path(source).name})",
        dev=dev,
        test=test,
        scorer=make_rounds(rounds.name, rounds.arguments, scored_by) if rounds else scored_by,
        scorer_name=asked.name,
        max_tokens=_most_tokens(spec, bundled=bundled),
        fingerprint=fingerprint(dev, test, asked.name, _arguments(spec, scored_by)),
        bundled=bundled,
        metric=spec.metric
        if asked.name == spec.scorer.name
        else METRICS.get(asked.name, "exact match"),
    )


def _asked(own: ScorerSpec, changes: Mapping[str, Any]) -> ScorerSpec:
    """Return the scorer to use; another scorer takes none of the own one's arguments."""
    kept = own.model_dump() if changes.get("name", own.name) == own.name else {}
    return validated(ScorerSpec, merge(kept, changes), "the settings: scorer")


def _most_tokens(spec: TaskSpec, *, bundled: bool) -> int:
    paper = None if bundled else spec.data.paper
    return paper.max_tokens or spec.max_tokens if paper is not None else spec.max_tokens


def _default_source(spec: TaskSpec, path: Path) -> str:
    if spec.data.file is not None:
        return str(path.parent / spec.data.file)
    return (*sources_of(spec), "imported")[0]


def _examples(spec: TaskSpec, source: str, path: Path) -> tuple[Examples, Examples]:
    data = spec.data
    if source == "bundled":
        if data.generator is None or data.dev is None or data.test is None:
            raise unknown("source", source, sources_of(spec))
        return parse_examples(generate(data.generator, dev=data.dev, test=data.test), str(path))
    if source in SOURCES:
        return read_examples(find_data(spec, source), spec.template)
    own = data.file is not None and source == str(path.parent / data.file)
    content = read_file(Path(source), data.fields if own else None, dev=data.dev)
    return parse_examples(content, source, spec.template)


def _joined(spec: TaskSpec, data: str | None, limit: Limit | None) -> Task:
    """Join the items of a domain's tasks; each keeps its own scorer."""
    parts = {name: load_task(name, data=data, limit=limit) for name in spec.data.parts}
    for name, task in parts.items():
        if isinstance(task.scorer, Calibrating):
            raise HswarmError(
                f"{spec.name}: {name} is scored by a reward model, whose scale is its own.",
                hint="Join tasks whose scores are from 0 to 1.",
            )
    scorer = HarmonicMean({name: task.scorer for name, task in parts.items()})
    splits: list[Examples] = []
    for split in ("dev", "test"):
        splits.append(
            tuple(
                replace(example, id=f"{name}/{example.id}", part=name)
                for name, task in parts.items()
                for example in getattr(task, split)
            )
        )
    dev, test = splits
    origins = {task.title.partition("(")[2].rstrip(")") for task in parts.values()}
    return Task(
        name=spec.name,
        title=f"{spec.name} ({', '.join(sorted(origins))})",
        dev=dev,
        test=test,
        scorer=scorer,
        scorer_name=spec.scorer.name,
        max_tokens=max(task.max_tokens for task in parts.values()),
        fingerprint=fingerprint(
            dev, test, spec.scorer.name, {n: task.fingerprint for n, task in parts.items()}
        ),
        bundled=all(task.bundled for task in parts.values()),
        metric=spec.metric,
    )


def _arguments(spec: TaskSpec, scorer: BaseScorer) -> dict[str, Any]:
    arguments = scorer.model_dump()
    if spec.rounds is not None:
        arguments["rounds"] = spec.rounds.model_dump()
    return arguments


def _check(examples: Examples, scorer: BaseScorer, where: str, name: str) -> None:
    for example in examples:
        lack = scorer.lacks(example)
        if lack is not None:
            raise HswarmError(
                f"{where} item {example.id!r} {lack}.", hint=f"The scorer {name!r} needs it."
            )


def fingerprint(dev: Examples, test: Examples, scorer: str, arguments: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the examples and the scoring, as 64 hexadecimal digits."""
    content = {
        "dev": [_content(example) for example in dev],
        "test": [_content(example) for example in test],
        "scorer": scorer,
        "arguments": arguments,
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _content(example: Any) -> dict[str, Any]:
    return {k: v for k, v in asdict(example).items() if v or k not in _LATER}
