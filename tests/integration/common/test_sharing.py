"""Copies of a service share what waits, also with one that is started later."""

import time
from collections import Counter
from functools import partial

import pytest

from pipeline.broker import Batch, prefetch
from pipeline.settings import BrokerSettings
from support.broker_client import consuming
from support.vhost import Vhost
from support.waiting import eventually

MESSAGES = 200
SECONDS_A_MESSAGE = 0.02


@pytest.mark.parametrize("size", [20, 20_000])
def test_one_that_comes_later_has_its_share_of_a_backlog(
    broker_settings: BrokerSettings, vhost: Vhost, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prefetch, "AHEAD_SECONDS", 20 * SECONDS_A_MESSAGE)
    done: Counter[str] = Counter()

    def handle(name: str, batch: Batch) -> None:
        time.sleep(SECONDS_A_MESSAGE * len(batch.deliveries))
        done[name] += len(batch.deliveries)
        batch.ack()

    with vhost.channel() as channel:
        channel.queue_declare("features", durable=True)
        channel.confirm_delivery()
        for _ in range(MESSAGES):
            channel.basic_publish("", "features", bytes(size))
    with consuming(broker_settings, "features", partial(handle, "first")):
        eventually(lambda: done["first"] >= 10, "some messages")
        with consuming(broker_settings, "features", partial(handle, "second")):
            eventually(lambda: done["second"] > 0, "the second one to be at it")
            left = MESSAGES - done["first"]
            eventually(lambda: done.total() == MESSAGES, "all messages")
    assert done["second"] >= left / 4  # of which the first one has some in hand
