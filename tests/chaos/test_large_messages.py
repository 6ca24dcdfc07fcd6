"""What is taken of a queue is bounded by its size, and nothing is given back for that."""

import time
from typing import Any, NamedTuple, cast

import pytest

from pipeline.broker import Batch
from pipeline.broker.prefetch import MAX_INBOX_BYTES, MAX_PREFETCH
from pipeline.settings import BrokerSettings
from support.broker_client import consuming
from support.vhost import Vhost
from support.waiting import eventually

MIB = 2**20
KINDS: dict[str, dict[str, Any]] = {
    "classic": {},
    "quorum": {"x-queue-type": "quorum", "x-delivery-limit": 3},
}


class Passed(NamedTuple):
    """How many came to the service, and how many the broker sent again.

    `times` is how often one had been given back, at most: a quorum queue counts it.
    """

    arrived: int
    redelivered: int
    times: int


def passed(settings: BrokerSettings, vhost: Vhost, kind: str, sizes: list[int]) -> Passed:
    """Has a slow service take messages of these sizes, which all wait for it."""
    arrived: list[int] = []  # how often each had been given back

    def handle(batch: Batch) -> None:
        time.sleep(sum(len(delivery.body) for delivery in batch.deliveries) / MIB * 0.02)
        headers = [delivery.properties.headers or {} for delivery in batch.deliveries]
        arrived.extend(cast(int, each.get("x-delivery-count", 0)) for each in headers)
        batch.ack()

    with vhost.channel() as channel:
        channel.queue_declare("y_true", durable=True, arguments=KINDS[kind])
        channel.confirm_delivery()
        for size in sizes:
            channel.basic_publish("", "y_true", bytes(size))
    with consuming(settings, "y_true", handle):
        eventually(lambda: len(arrived) >= len(sizes), "all to be taken")
        eventually(lambda: figures(vhost, len(arrived))["messages"] == 0, "all to be done")
    redelivered = figures(vhost, len(arrived))["message_stats"].get("redeliver", 0)
    return Passed(len(arrived), redelivered, max(arrived))


def figures(vhost: Vhost, delivered: int) -> Any:
    """What the broker says of the queue, once it has counted so many deliveries."""

    def look() -> Any:
        found = vhost.manage("GET", f"queues/{vhost.name}/y_true")
        counted = found.get("message_stats", {}).get("deliver", 0)
        return found if "messages" in found and counted >= delivered else None

    return eventually(look, "the figures of the queue")


@pytest.mark.parametrize(("kind", "times"), [("classic", 3), ("quorum", 10)])
def test_large_messages_come_once(
    broker_settings: BrokerSettings, vhost: Vhost, kind: str, times: int
) -> None:
    count = times * MAX_INBOX_BYTES // MIB
    assert passed(broker_settings, vhost, kind, [MIB] * count) == Passed(count, 0, 0)


def test_where_small_ones_become_large_each_comes_twice_at_most(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    sizes = 2 * ([10] * 2 * MAX_PREFETCH + [MIB] * 150)
    found = passed(broker_settings, vhost, "quorum", sizes)
    assert found.arrived == len(sizes)
    assert found.redelivered <= 2 * MAX_PREFETCH
    assert found.times <= 1


def test_what_is_larger_than_all_that_is_taken_comes_one_by_one(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    assert passed(broker_settings, vhost, "classic", [MAX_INBOX_BYTES + 1] * 2) == Passed(2, 0, 0)
