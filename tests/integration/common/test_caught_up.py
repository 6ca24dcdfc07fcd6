"""A batch says whether all was taken that waited in the queues when the connection was made."""

import pytest

from pipeline.broker import consumer
from pipeline.settings import BrokerSettings
from support.broker_client import labels, opened
from support.vhost import Vhost
from support.waiting import eventually

WAITING = 1000  # more than may be un-acknowledged


@pytest.fixture(autouse=True)
def _filled(broker_settings: BrokerSettings, vhost: Vhost) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels(*map(str, range(WAITING))))
        broker.flush()
    eventually(lambda: vhost.depth("y_true") == WAITING, "all of it")


def test_it_is_so_once_as_many_were_taken_as_waited(broker_settings: BrokerSettings) -> None:
    """Also where the queue never empties: for each message that is taken another one comes."""
    taken, has_caught_up = 0, False
    with opened(broker_settings) as (broker, run):
        for batch in broker.consume("y_true", "y_pred", idle_seconds=0.1):
            taken += len(batch.deliveries)
            if batch.deliveries and not has_caught_up:  # a later look counts anew
                assert batch.caught_up == (taken >= WAITING), taken
                has_caught_up = batch.caught_up
            broker.publish("y_true", labels(*map(str, range(len(batch.deliveries)))))
            broker.flush()
            batch.ack()
            if taken >= 2 * WAITING:
                run.stop.set()


def test_it_is_so_where_others_have_emptied_the_queue(
    broker_settings: BrokerSettings, vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "BACKLOG_POLL_SECONDS", 0.1)
    taken = 0
    with opened(broker_settings) as (broker, run):
        for batch in broker.consume("y_true", idle_seconds=0.1):
            taken += len(batch.deliveries)
            if batch.caught_up:
                run.stop.set()
            if taken:
                with vhost.channel() as channel:
                    channel.queue_purge("y_true")
            batch.ack()
    assert 0 < taken < WAITING


def test_with_another_connection_it_begins_anew(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    seen: list[bool] = []
    with opened(broker_settings) as (broker, run):
        for batch in broker.consume("y_true", idle_seconds=0.1):
            batch.ack()
            if batch.caught_up and True not in seen:
                eventually(vhost.close_connections, "connections to close")
            if not seen or seen[-1] != batch.caught_up:
                seen.append(batch.caught_up)
            if len(seen) == 4:
                run.stop.set()
    assert seen == [False, True, False, True]
