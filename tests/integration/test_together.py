"""Messages of two queues that belong together are taken together."""

from collections import Counter
from collections.abc import Collection

import pytest

from broker_client import labels, opened
from pipeline.settings import BrokerSettings

BOTH = ("y_true", "y_pred")


def fill(settings: BrokerSettings, y_true: int, y_pred: int) -> None:
    with opened(settings) as (broker, _):
        broker.publish("y_true", labels(*map(str, range(y_true))))
        broker.publish("y_pred", labels(*map(str, range(y_pred))))
        broker.flush()


def taken(
    settings: BrokerSettings, count: int, needy: Collection[str], paused: Collection[str] = ()
) -> list[Counter[str]]:
    """So many messages, as they come: how many of each queue are in each batch."""
    batches: list[Counter[str]] = []
    with opened(settings) as (broker, run):
        for batch in broker.consume(*BOTH, paused=lambda: paused, needy=lambda: needy):
            batches.append(Counter(delivery.queue for delivery in batch.deliveries))
            batch.ack()
            if sum(map(Counter.total, batches)) >= count:
                run.stop.set()
    return batches


def test_as_many_of_a_needy_queue_as_of_the_other(broker_settings: BrokerSettings) -> None:
    fill(broker_settings, 300, 100)
    batches = taken(broker_settings, 400, needy=BOTH)
    assert all(batch["y_true"] == batch["y_pred"] for batch in batches if batch["y_pred"])
    assert sum(batches, Counter()) == {"y_true": 300, "y_pred": 100}


@pytest.mark.parametrize("needy", [(), ("y_true",), ("y_pred",), BOTH])
def test_each_message_is_taken_also_where_the_other_never_comes(
    broker_settings: BrokerSettings, needy: Collection[str]
) -> None:
    fill(broker_settings, 50, 0)
    assert sum(taken(broker_settings, 50, needy), Counter()) == {"y_true": 50}


def test_nothing_is_taken_of_a_queue_that_is_paused(broker_settings: BrokerSettings) -> None:
    fill(broker_settings, 50, 50)
    batches = taken(broker_settings, 50, needy=BOTH, paused=["y_true"])
    assert sum(batches, Counter()) == {"y_pred": 50}
