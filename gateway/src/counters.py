"""The metrics for Prometheus."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Counters:
    """All metrics of one gateway, from its start on."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # else twice the lines
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Histogram(
            "gateway_request_seconds",
            "Requests, by the time until their answer began.",
            ["method", "route", "status"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self.jobs = Counter(
            "gateway_jobs", "Rows that the broker has taken.", registry=self._registry
        )
        self.labels = Counter(
            "gateway_labels", "Labels that the broker has taken.", registry=self._registry
        )
        self.answers = Counter(
            "gateway_answers",
            "Answers of the model: kept; repeated; dropped, because nobody waits any more.",
            ["outcome"],
            registry=self._registry,
        )
        self.queue = Gauge(
            "gateway_queue_messages", "Messages that wait for the model.", registry=self._registry
        )
        self.queue_by_model = Gauge(
            "gateway_by_model_queue_messages",
            "Messages that wait for a model that was asked by its id.",
            registry=self._registry,
        )

    def text(self) -> bytes:
        """Returns the metrics in the format that Prometheus reads."""
        return generate_latest(self._registry)
