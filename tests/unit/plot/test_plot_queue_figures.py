"""What is made of the queues, readers and nodes that a broker tells of."""

import json
from typing import Any

import pytest

from page.broker_status import broker_nodes
from page.broker_status.delivery_limits import delivery_limits
from page.broker_status.queue_figures import Queue, by_stream
from page.broker_status.queue_trend import judge, judge_dead_letters
from page.broker_status.snapshot import ServiceState, services


def queue(name: str, *, ready: int = 0, rate: float = 0.0, **more: Any) -> dict[str, Any]:
    stats = {"publish_details": {"rate": rate}}
    return {"name": name, "messages_ready": ready, "message_stats": stats, **more}


def consumer(queue: str, channel: str) -> dict[str, Any]:
    return {"queue": {"name": queue}, "channel_details": {"name": channel}}


def held(*messages: int) -> dict[str, Any]:
    """A history as the broker tells it: the latest sample first."""
    samples = [{"timestamp": 2000 * at, "sample": count} for at, count in enumerate(messages)]
    return {"samples": samples[::-1]}


def test_queues_that_are_not_of_the_pipeline_are_left_out() -> None:
    listed = [queue("features", ready=3, rate=5.0, messages_unacknowledged=1), queue("my-own")]
    (name, found), *others = by_stream(listed, []).items()
    assert (name, found.depth, found.in_per_second, others) == ("features", 4, 5.0, [])


def test_who_has_several_consumers_on_a_channel_is_one() -> None:
    several = [consumer("features", f"10.0.0.1:{port} (1)") for port in (1, 1, 1, 2)]
    found = by_stream([queue("features")], [*several, consumer("y_true", "10.0.0.1:1 (1)")])
    assert found["features"].consumers == 2


def test_a_queue_that_nothing_has_passed_yet_has_no_rates() -> None:
    assert by_stream([{"name": "y_pred"}], []) == {"y_pred": Queue(trend="empty")}


def test_labels_that_wait_to_be_late_are_taken_together_and_are_no_lag() -> None:
    parts = [
        queue(f"y_true.delay.{part}of2", ready=100, rate=2.0, messages_details=held(*range(11)))
        for part in (1, 2)
    ]
    found = by_stream(parts, [])
    assert found == {"y_true.delay": Queue(ready=200, in_per_second=4.0, trend="held")}


def test_no_label_that_waits_is_no_queue() -> None:
    assert by_stream([{"name": "y_true.delay.1of4"}], []) == {}


STEADY = [20 * step for step in range(11)]  # ten a second more


@pytest.mark.parametrize(
    ("waiting", "history", "in_per_second", "trend"),
    [
        (0, [0] * 11, 0, "empty"),
        (1, [0] * 10 + [1], 1, "level"),  # one label on its way
        (5, [0, 1, 0, 2, 1, 0, 1, 3, 2, 4, 5], 5, "level"),
        (200, STEADY, 15, "behind"),
        (200, STEADY, 500, "level"),  # less than half a second's work
        (8, [0, 0, 1, 2, 3, 4, 5, 6, 7, 7, 8], 1, "level"),  # a handful
        (500, [0] * 10 + [500], 25, "level"),  # a burst just now
        (500, [500] * 11, 50, "level"),
        (9, STEADY[::-1], 5, "drains"),
        (200, [0, 0, 0, 0, 0, 100, 100, 100, 200, 200, 200], 15, "behind"),  # counted each 5 s
        (400, [0, 400] * 5 + [400], 90, "level"),  # in batches
        (100, [0, 100], 10, "unknown"),  # a new queue
        (100, [], 10, "unknown"),  # a broker without a history
    ],
)
def test_orange_is_what_falls_behind(
    waiting: float, history: list[float], in_per_second: float, trend: str
) -> None:
    assert judge(waiting, history, in_per_second) == trend


@pytest.mark.parametrize(
    ("waiting", "history", "trend"),
    [(0, [0] * 11, "empty"), (90, [90] * 11, "level"), (90, [], "level"),
     (91, [90] * 11, "arriving"), (10, [90] * 11, "level")],
)  # fmt: skip
def test_of_dead_letters_it_matters_whether_more_arrive(
    waiting: float, history: list[float], trend: str
) -> None:
    assert judge_dead_letters(waiting, history) == trend


@pytest.mark.parametrize(
    ("consumers", "trend"),
    [([], "unread"), ([consumer("y_pred", "c")], "behind"), (None, "behind")],
)
def test_a_queue_that_nobody_reads_is_told_at_once(
    consumers: list[dict[str, Any]] | None, trend: str
) -> None:
    listed = [queue("y_pred", ready=300, rate=20.0, messages_details=held(*STEADY, 250))]
    found = by_stream(listed, consumers)["y_pred"]
    assert (found.trend, found.change, found.change_seconds) == (trend, 300, 22)


def test_a_queue_whose_node_is_down_says_so() -> None:
    states = {"y_true": "running", "y_pred": "down", "features": "a state of next year"}
    found = by_stream([queue(name, state=state) for name, state in states.items()], [])
    assert {name: each.state for name, each in found.items()} == {
        "y_true": "", "y_pred": "down", "features": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("consumers", "state"),
    [
        ((0, 0), ServiceState("stopped", 0)),
        ((1, 0), ServiceState("stopped", 0)),
        ((1, 1), ServiceState("running", 1)),
        ((None, None), ServiceState("unknown", 0)),
    ],
)
def test_metric_is_there_if_both_its_queues_are_consumed(
    consumers: tuple[int | None, int | None], state: ServiceState
) -> None:
    y_true, y_pred = consumers
    queues = {"y_true": Queue(consumers=y_true), "y_pred": Queue(consumers=y_pred)}
    assert services(queues, [])["metric"] == state


@pytest.mark.parametrize(
    ("rate", "names", "state"),
    [
        (0.0, [], ServiceState("stopped", 0)),
        (0.0, ["features: publishing", "features: publishing", "model: publishing"],
         ServiceState("running", 2)),
        (5.0, [""], ServiceState("running", 1)),
    ],
)  # fmt: skip
def test_features_is_there_by_its_name_or_by_its_rows(
    rate: float, names: list[str], state: ServiceState
) -> None:
    assert services({"features": Queue(in_per_second=rate)}, names)["features"] == state


@pytest.mark.parametrize(
    ("node", "warnings"),
    [
        ({"running": True, "mem_alarm": False, "partitions": []}, []),
        ({"running": False}, ["node b is down"]),
        ({"running": True, "being_drained": True},
         ["node b is in maintenance and accepts no connections"]),
        ({"running": True, "partitions": ["a"]},
         ["node b cannot see all other nodes (network partition)"]),
        ({"running": True, "mem_alarm": True},
         ["node b is short of memory: the broker accepts no messages until it has more"]),
        ({"running": True, "disk_free_alarm": True},
         ["node b is short of disk space: the broker accepts no messages until it has more"]),
        ({"running": None, "mem_alarm": [], "a_field_of_next_year": "yes"}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_what_is_the_matter_with_a_node_is_told(node: dict[str, Any], warnings: list[str]) -> None:
    nodes = [{"name": "a", "running": True}, {"name": "b", **node}]
    assert broker_nodes.warnings(nodes) == warnings
    running = 1 if node.get("running") is False else 2
    assert broker_nodes.summary(nodes) == f"{running} of 2 nodes running"
    assert broker_nodes.summary(nodes[:1]) == ""


@pytest.mark.parametrize(
    ("version", "queue", "limit"),
    [
        ("4.0.5", '"type": "quorum", "arguments": {"x-queue-type": "quorum"}', 20),
        ("4.0.5", '"type": "quorum", "arguments": []', 20),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": -1}', None),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": 3}', 3),
        ("4.0.5", '"type": "quorum", "arguments": {"x-dead-letter-exchange": "x"}', None),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"delivery-limit": 5}', 5),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"delivery-limit": -1}', None),
        ("4.0.5", '"type": "quorum", "effective_policy_definition": {"dead-letter-exchange": "x"}',
         None),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": -1},'
         ' "effective_policy_definition": {"delivery-limit": 5}', 5),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": 3},'
         ' "effective_policy_definition": {"delivery-limit": 5}', 3),
        ("4.0.5", '"type": "quorum", "arguments": {"x-delivery-limit": "undefined"}', 20),
        ("4.1.0-rc.1", '"type": "quorum", "arguments": null', 20),
        ("4.0.5", '"type": "classic"', None),
        ("3.10.8", '"type": "quorum"', None),
        ("3.10.8", '"type": "quorum", "arguments": {"x-delivery-limit": 3}', 3),
        ("3.10.8", '"type": "quorum", "arguments": {"x-delivery-limit": -1}', 0),
    ],
)  # fmt: skip
def test_a_queue_that_loses_messages_by_a_limit_is_found(
    version: str, queue: str, limit: int | None
) -> None:
    found = delivery_limits([json.loads(f'{{"name": "y_true", {queue}}}')], version)
    assert found.get("y_true") == limit
