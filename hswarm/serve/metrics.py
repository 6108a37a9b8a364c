"""What Prometheus reads: how long, how many tokens, what failed, what waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hswarm.pipeline.pipeline import Pipeline
from hswarm.serve.admission import Admission
from hswarm.system import NodeEvent, NodeObserver, NodeStarted

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """The counters of one server."""

    def __init__(self, pipeline: Pipeline, admission: Admission) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Standing(pipeline, admission))
        self._node_seconds = Histogram(
            "hswarm_node_seconds",
            "From a node's prompt to its answer",
            ["node", "agent"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._answer_seconds = Histogram(
            "hswarm_answer_seconds",
            "From a question to its answer, waiting included",
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._tokens = Counter(
            "hswarm_tokens",
            "Tokens of prompts and answers",
            ["node", "agent", "kind"],
            registry=self._registry,
        )
        self._errors = Counter(
            "hswarm_errors", "Questions not answered", ["code"], registry=self._registry
        )

    def watch(self) -> NodeObserver:
        """Return what is to observe the nodes of one question."""
        begun: dict[int, float] = {}

        def observe(event: NodeEvent) -> None:
            now = time.perf_counter()
            if isinstance(event, NodeStarted):
                begun[event.node] = now
                return
            labels = str(event.node), event.turn.agent
            completion = event.turn.completion
            self._node_seconds.labels(*labels).observe(now - begun[event.node])
            self._tokens.labels(*labels, "prompt").inc(completion.prompt_tokens)
            self._tokens.labels(*labels, "generated").inc(completion.generated_tokens)

        return observe

    def answered(self, seconds: float) -> None:
        """Count a question that was answered."""
        self._answer_seconds.observe(seconds)

    def failed(self, code: str) -> None:
        """Count a question that was not."""
        self._errors.labels(code).inc()

    def text(self) -> bytes:
        """Return all of it in Prometheus' text format."""
        return generate_latest(self._registry)


class _Standing(Collector):
    """What others keep count of: read when it is asked for."""

    def __init__(self, pipeline: Pipeline, admission: Admission) -> None:
        self._pipeline = pipeline
        self._admission = admission

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they stand."""
        usage, work = self._pipeline.usage, self._pipeline.usage.work
        for name, help_, value in (
            ("hswarm_memo_hits", "Calls of nodes that the memo answered", usage.saved),
            ("hswarm_generated", "Calls of nodes that were generated", usage.generated),
            ("hswarm_dollars", "What they cost at the prices of the pool", usage.dollars),
            ("hswarm_flushes", "Batches of the engine", work.flushes),
            ("hswarm_engine_seconds", "Time in the engine", work.seconds),
        ):
            yield CounterMetricFamily(name, help_, value=value)
        admission = self._admission
        for name, help_, value in (
            ("hswarm_queue", "Questions that wait", admission.waiting),
            ("hswarm_in_flight", "Questions being answered", admission.working),
        ):
            yield GaugeMetricFamily(name, help_, value=value)
