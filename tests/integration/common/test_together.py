"""Messages of two queues that belong together are taken together."""

import time
from collections import Counter
from collections.abc import Collection

import pytest

from pipeline.broker import consumer
from pipeline.settings import BrokerSettings
from support.broker_client import labels, opened
from support.waiting import PATIENCE_SECONDS

BOTH = ("y_true", "y_pred")
SHADOW = "y_pred_shadow"


def fill(settings: BrokerSettings, y_true: int, y_pred: int, shadow: int = 0) -> None:
    with opened(settings, uses=["shadow"]) as (broker, _):
        broker.publish(SHADOW, labels(*map(str, range(shadow))))
        broker.publish("y_true", labels(*map(str, range(y_true))))
        broker.publish("y_pred", labels(*map(str, range(y_pred))))
        broker.flush()


def taken(settings: BrokerSettings, count: int, dependent: Collection[str]) -> list[Counter[str]]:
    """So many messages, as they come: how many of each queue are in each batch."""
    batches: list[Counter[str]] = []
    with opened(settings, uses=["shadow"]) as (broker, run):
        for batch in broker.consume(*BOTH, optional=(SHADOW,), dependent=lambda: dependent):
            batches.append(Counter(delivery.queue for delivery in batch.deliveries))
            batch.ack()
            if sum(map(Counter.total, batches)) >= count:
                run.stop.set()
    return batches


def test_as_many_of_a_needy_queue_as_of_the_other(broker_settings: BrokerSettings) -> None:
    fill(broker_settings, 300, 100)
    batches = taken(broker_settings, 400, dependent=BOTH)
    assert all(batch["y_true"] == batch["y_pred"] for batch in batches if batch["y_pred"])
    assert sum(batches, Counter()) == {"y_true": 300, "y_pred": 100}


@pytest.mark.parametrize("dependent", [(), ("y_true",), ("y_pred",), BOTH])
def test_each_message_is_taken_also_where_the_other_never_comes(
    broker_settings: BrokerSettings, dependent: Collection[str]
) -> None:
    fill(broker_settings, 50, 0)
    assert sum(taken(broker_settings, 50, dependent), Counter()) == {"y_true": 50}


@pytest.mark.parametrize("dependent", [(), BOTH])
def test_what_is_taken_beside_keeps_no_pair_apart(
    broker_settings: BrokerSettings, dependent: Collection[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "TOGETHER_SECONDS", 2)  # also where the machine is busy
    fill(broker_settings, 300, 300, shadow=100)
    batches = taken(broker_settings, 700, dependent)
    assert sum(batches, Counter()) == {"y_true": 300, "y_pred": 300, SHADOW: 100}
    if dependent:
        assert all(batch["y_true"] == batch["y_pred"] for batch in batches)


def test_what_is_taken_beside_comes_also_by_itself(broker_settings: BrokerSettings) -> None:
    fill(broker_settings, 0, 0, shadow=1000)  # more than may be un-acknowledged
    assert sum(taken(broker_settings, 1000, BOTH), Counter()) == {SHADOW: 1000}


def test_no_pair_waits_for_what_is_taken_beside(
    broker_settings: BrokerSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "TOGETHER_SECONDS", PATIENCE_SECONDS)
    fill(broker_settings, 10, 10)
    before = time.monotonic()
    assert sum(taken(broker_settings, 20, BOTH), Counter()) == {"y_true": 10, "y_pred": 10}
    assert time.monotonic() - before < consumer.TOGETHER_SECONDS
