"""What is taken of a queue is bounded by its size, and nothing is given back for that."""

from typing import Any, NamedTuple

import pytest

from broker_client import consuming
from pipeline.broker import Batch
from pipeline.broker.prefetch import MAX_INBOX_BYTES, MAX_PREFETCH
from pipeline.settings import BrokerSettings
from support import Vhost, eventually

MIB = 2**20
KINDS = {"classic": {}, "quorum": {"x-queue-type": "quorum", "x-delivery-limit": 3}}
BACKLOG = 150 * MIB  # bytes that wait in the queue: three times what is taken at most


class Passed(NamedTuple):
    """What became of messages: how many came to the service, and how many the broker sent again."""

    arrived: int
    redelivered: int


def passed(settings: BrokerSettings, vhost: Vhost, kind: str, sizes: list[int]) -> Passed:
    """Has a service take messages of these sizes, slower than they are published."""
    published: list[int] = []
    arrived: list[int] = []

    def waiting() -> int:
        return sum(published) - sum(arrived)

    def handle(batch: Batch) -> None:
        eventually(lambda: waiting() >= BACKLOG or len(published) == len(sizes), "a backlog")
        arrived.extend(len(delivery.body) for delivery in batch.deliveries)
        batch.ack()

    with vhost.channel() as channel:
        channel.queue_declare("y_true", durable=True, arguments=KINDS[kind])
        channel.confirm_delivery()
        with consuming(settings, "y_true", handle):
            for size in sizes:
                channel.basic_publish("", "y_true", bytes(size))
                published.append(size)
                eventually(lambda: waiting() < BACKLOG + MAX_INBOX_BYTES, "room")
            eventually(lambda: figures(vhost, len(arrived))["messages"] == 0, "an empty queue")
    return Passed(len(arrived), figures(vhost, len(arrived))["message_stats"].get("redeliver", 0))


def figures(vhost: Vhost, delivered: int) -> Any:
    """What the broker says of the queue, once it has counted so many deliveries."""

    def look() -> Any:
        found = vhost.manage("GET", f"queues/{vhost.name}/y_true")
        counted = found.get("message_stats", {}).get("deliver", 0)
        return found if "messages" in found and counted >= delivered else None

    return eventually(look, "the figures of the queue")


@pytest.mark.parametrize("kind", KINDS)
def test_large_messages_come_once(
    broker_settings: BrokerSettings, vhost: Vhost, kind: str
) -> None:
    count = 10 * MAX_INBOX_BYTES // MIB
    assert passed(broker_settings, vhost, kind, [MIB] * count) == Passed(count, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_where_small_ones_become_large_each_comes_twice_at_most(
    broker_settings: BrokerSettings, vhost: Vhost, kind: str
) -> None:
    sizes = 3 * ([10] * 2 * MAX_PREFETCH + [MIB] * 150)
    found = passed(broker_settings, vhost, kind, sizes)
    assert found.arrived == len(sizes)
    assert 0 < found.redelivered <= 3 * MAX_PREFETCH


def test_what_is_larger_than_all_that_is_taken_comes_one_by_one(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    assert passed(broker_settings, vhost, "classic", [MAX_INBOX_BYTES + 1] * 4) == Passed(4, 0)
