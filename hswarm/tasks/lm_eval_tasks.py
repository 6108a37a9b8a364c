"""Tasks of lm-evaluation-harness: its documents, its prompts, its filters and metrics, unchanged.

`lm-eval:gsm8k`, `lm-eval:gsm8k@flexible-extract` (another of its filters) or `lm-eval:FILE.yaml`.
What an item scores is what the harness's own `process_results` says of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import islice
from numbers import Real
from pathlib import Path
from typing import Any, Final

from hswarm.config import Limits
from hswarm.errors import HswarmError
from hswarm.tasks.task import Example, Task

MOST: Final = (200, 1000)
"""Items of dev and test, as in the papers, where no limit is given."""
_TOKENS: Final = 256
"""Where a task does not say how long an answer may be; the harness's own default."""


def load(name: str, limits: Limits) -> Task:
    """Return a generation task of the harness.

    dev comes from its validation split, else from its training split; test from its test split,
    else from the validation split; where there is only one split it is shared out. HswarmError for
    a task that there is not, that only compares likelihoods, or whose metric is not one per item.
    """
    wanted, _, chosen = name.partition("@")
    source = _open(wanted)
    _refuse_likelihood(source, wanted)
    filters = {ensemble.name: ensemble for ensemble in source._filters}
    if chosen and chosen not in filters:
        raise HswarmError(
            f"lm-eval:{wanted} has no filter {chosen!r}.", hint=f"It has: {', '.join(filters)}."
        )
    dev_docs, test_docs = _documents(source, limits)
    shots = int(source.config.num_fewshot or 0)
    documents: dict[str, Any] = {}
    splits = []
    for split, docs in (("dev", dev_docs), ("test", test_docs)):
        for place, doc in enumerate(docs):
            documents[f"{split}-{place:04d}"] = doc
        splits.append(
            tuple(
                _example(source, doc, f"{split}-{place:04d}", shots)
                for place, doc in enumerate(docs)
            )
        )
    generation = dict(source.config.generation_kwargs or {})
    scorer = LmEvalScorer(source, documents, filters[chosen or next(iter(filters))], generation)
    scorer.check(next(iter(documents)), wanted)
    content = [[(e.id, e.question, e.answers) for e in split] for split in splits]
    text = json.dumps([name, str(source.VERSION), content], ensure_ascii=False)
    return Task(
        name=f"lm-eval:{name}",
        title=f"lm-eval:{name}",
        dev=splits[0],
        test=splits[1],
        scorer=scorer,
        scorer_name=f"lm-eval {scorer.metric}",
        max_tokens=int(generation.get("max_gen_toks", _TOKENS)),
        fingerprint=hashlib.sha256(text.encode()).hexdigest(),
        metric=scorer.metric,
    )


class LmEvalScorer:
    """Scores an answer as the harness does: cut at its stop strings, filtered, its first metric."""

    def __init__(
        self,
        source: Any,
        documents: Mapping[str, Any],
        chosen: Any,
        generation: Mapping[str, Any],
    ) -> None:
        """`documents` are the harness's, by the id of our example; `chosen` is its filter."""
        self.metric = ""
        self._source = source
        self._documents = documents
        self._filter = chosen
        until = generation.get("until") or ()
        self._until = (until,) if isinstance(until, str) else tuple(until)

    def __call__(self, example: Example, answer: str, /) -> float:
        """Return the value of the task's first metric for this answer."""
        return float(self._results(example.id, answer)[self.metric])

    def check(self, identifier: str, name: str) -> None:
        """Choose the metric by scoring an item; HswarmError if that gives no number per item."""
        for metric, value in self._results(identifier, "").items():
            number = isinstance(value, Real) or (
                isinstance(value, str) is False and hasattr(value, "item")
            )
            if number and self._source.higher_is_better().get(metric, True):
                self.metric = metric
                return
        raise HswarmError(
            f"lm-eval:{name} has no metric that gives every item a number to be raised.",
            hint="Choose a task scored item by item, such as by exact_match.",
        )

    def _results(self, identifier: str, answer: str) -> dict[str, Any]:
        from lm_eval.api.instance import Instance  # noqa: PLC0415

        for stop in self._until:
            answer = answer.split(stop, 1)[0] if stop else answer
        document = self._documents[identifier]
        asked = Instance("generate_until", document, ("", {}), 0, resps=[answer])
        self._filter.apply([asked])
        filtered = asked.filtered_resps[self._filter.name]
        return dict(self._source.process_results(document, [filtered]))


def _open(name: str) -> Any:
    try:
        from lm_eval.tasks import TaskManager  # noqa: PLC0415
    except ImportError:
        raise HswarmError(
            f"The task lm-eval:{name} needs lm-evaluation-harness.",
            hint="pip install 'hswarm[lm-eval]'",
        ) from None
    try:
        if name.endswith((".yaml", ".yml")) and not Path(name).is_file():
            raise KeyError(name)
        loaded = TaskManager().load(name)
    except KeyError:
        raise HswarmError(
            f"lm-evaluation-harness has no task {name!r}.", hint="Its tasks: lm-eval ls tasks"
        ) from None
    except Exception as error:
        raise HswarmError(
            f"lm-eval:{name} cannot be loaded: {' '.join(str(error).split())[:200]}",
            hint="Its data comes from the hub: try `lm-eval` itself, with network.",
        ) from None
    tasks = loaded["tasks"]
    if len(tasks) != 1:
        some = ", ".join(f"lm-eval:{task}" for task in islice(sorted(tasks), 5))
        raise HswarmError(f"lm-eval:{name} is {len(tasks)} tasks.", hint=f"Name one: {some} …")
    return next(iter(tasks.values()))


def _refuse_likelihood(source: Any, name: str) -> None:
    kind = source.OUTPUT_TYPE
    if kind != "generate_until":
        raise HswarmError(
            f"lm-eval:{name} is a {kind} task: it compares likelihoods and asks for no answer.",
            hint=f"Take one that generates, such as lm-eval:{name}_generative if there is one.",
        )


def _documents(source: Any, limits: Limits) -> tuple[Sequence[Any], Sequence[Any]]:
    most = [limit or usual for limit, usual in zip(limits, MOST, strict=True)]
    validation = list(source.validation_docs()) if source.has_validation_docs() else []
    training = list(source.training_docs()) if source.has_training_docs() else []
    test = list(source.test_docs()) if source.has_test_docs() else []
    if test and (validation or training):
        dev = validation or training
    elif validation and training:
        dev, test = training, validation
    else:
        only = test or validation or training
        half = min(most[0], len(only) // 2)
        dev, test = only[:half], only[half:]
    return dev[: most[0]], test[: most[1]]


def _example(source: Any, doc: Any, identifier: str, shots: int) -> Example:
    prompt = source.fewshot_context(doc, shots)
    target = source.doc_to_target(doc)
    golds = target if isinstance(target, list) else [target]
    return Example(identifier, str(prompt), tuple(str(gold) for gold in golds))
