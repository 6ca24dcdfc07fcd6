"""Nothing is lost on the way, whatever the broker does."""

import threading

from pipeline.broker import Batch
from pipeline.broker.inbox import BATCH_BYTES
from pipeline.broker.publisher import WINDOW_MESSAGES
from pipeline.message_reader import MAX_BATCH_ROWS
from pipeline.settings import BrokerSettings
from support.broker_client import collecting, consuming, labels, opened
from support.readers import VALUES
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually


def test_nothing_is_lost_when_the_broker_closes_all_connections(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    sent = [str(number) for number in range(4000)]
    with collecting(broker_settings, "y_true") as arrived, opened(broker_settings) as (broker, _):
        for start in range(0, len(sent), 100):
            if start % 2000 == 500:
                eventually(vhost.close_connections, "connections to close")
            broker.publish("y_true", labels(*sent[start : start + 100]))
        broker.flush()
        eventually(lambda: set(arrived) == set(sent), "all ids")


def test_a_deleted_queue_is_declared_again(broker_settings: BrokerSettings, vhost: Vhost) -> None:
    with collecting(broker_settings, "y_true") as arrived, opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("before"))
        eventually(lambda: "before" in arrived, "the first")
        with vhost.channel() as channel:
            channel.queue_delete("y_true")
        broker.publish("y_true", labels("after"))
        broker.flush()
        eventually(lambda: "after" in arrived, "the second")


def test_an_unroutable_message_waits_until_a_queue_takes_it(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a"))
        broker.flush()
        with vhost.channel() as channel:
            channel.queue_unbind("y_true", "edge.y_true", "y_true")
        broker.publish("y_true", labels("b", "c"))
        broker.flush()
    assert vhost.depth("y_true") >= 3


def test_what_is_not_acknowledged_comes_again(broker_settings: BrokerSettings) -> None:
    seen: list[int] = []

    def leave(batch: Batch) -> None:
        seen.append(len(batch.deliveries))

    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels("a", "b"))
        broker.flush()
    with consuming(broker_settings, "y_true", leave):
        eventually(lambda: sum(seen) == 2, "both")
    with collecting(broker_settings, "y_true") as arrived:
        eventually(lambda: sorted(arrived) == ["a", "b"], "both again")


def test_a_batch_is_acknowledged_once_what_came_of_it_is_confirmed(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, run):
        broker.publish("features", labels(*map(str, range(300))))
        broker.flush()
        done = 0
        for batch in broker.consume("features"):
            messages, _ = batch.decode(VALUES)
            broker.publish("y_pred", messages)
            batch.ack_when_confirmed()
            done += len(messages)
            if done == 300:
                run.stop.set()
    assert (vhost.depth("features"), vhost.depth("y_pred")) == (0, 300)


def test_a_batch_left_on_a_stop_comes_again_and_those_before_are_finished(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, run):
        broker.publish("features", labels("a", "b"))
        broker.flush()
        for batch in broker.consume("features"):
            messages, _ = batch.decode(VALUES)
            if "b" in messages[-1].ids:
                run.stop.set()
            run.checkpoint()
            broker.publish("y_pred", messages)
            batch.ack_when_confirmed()
    assert (vhost.depth("features"), vhost.depth("y_pred")) == (1, 1)


def test_an_idle_consumer_comes_by(broker_settings: BrokerSettings) -> None:
    with opened(broker_settings) as (broker, run):
        for batch in broker.consume("y_true", idle_seconds=0.1):
            assert batch.deliveries == []
            batch.ack()
            run.stop.set()


def test_what_does_not_fit_into_memory_waits_in_the_broker(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    sent = [f"{number:03d}".encode() + b" " * 2**20 for number in range(80)]
    arrived: list[bytes] = []
    go_on = threading.Event()

    def handle(batch: Batch) -> None:
        if arrived:  # as many as fit are asked for once it is known how long one takes
            go_on.wait(PATIENCE_SECONDS)
        arrived.extend(delivery.body[:3] for delivery in batch.deliveries)
        batch.ack()

    with opened(broker_settings) as (broker, _):
        broker.flush()
        eventually(lambda: vhost.depth("y_true") == 0, "the queue")
    with vhost.channel() as channel:
        for body in sent:
            channel.basic_publish("", "y_true", body)
    with consuming(broker_settings, "y_true", handle):
        eventually(lambda: vhost.depth("y_true") in range(50, 60), "as many as fit to be taken")
        go_on.set()
        eventually(lambda: len(arrived) == len(sent), "all of it")
    assert sorted(arrived) == [body[:3] for body in sent]
    assert vhost.depth("y_true") == 0


def test_many_short_rows_come_in_small_batches(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    ids = b",".join([b"1"] * MAX_BATCH_ROWS)
    body = b'{"id":[%b],"body":[%b]}' % (ids, ids)
    sizes: list[int] = []

    def handle(batch: Batch) -> None:
        sizes.append(sum(len(delivery.body) for delivery in batch.deliveries))
        batch.ack()

    with opened(broker_settings) as (broker, _):
        broker.flush()
    with vhost.channel() as channel:
        for _ in range(100):
            channel.basic_publish("", "y_true", body)
    with consuming(broker_settings, "y_true", handle):
        eventually(lambda: sum(sizes) == 100 * len(body), "all of it")
    assert max(sizes) <= BATCH_BYTES + len(body)


def test_publishing_waits_within_a_call_while_too_much_is_unconfirmed(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings) as (broker, _):
        broker.publish("y_true", labels(*map(str, range(20 * WINDOW_MESSAGES))))
        # had it not waited, nearly all would still be on their way
        assert vhost.depth("y_true") >= 10 * WINDOW_MESSAGES
        broker.flush()
    assert vhost.depth("y_true") == 20 * WINDOW_MESSAGES


def test_asked_to_stop_it_leaves_what_cannot_be_confirmed_in_time_and_acknowledges_nothing_of_it(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    confirmed: list[bool] = []
    with opened(broker_settings) as (broker, run):
        run.stop.set()
        broker.publish("y_true", labels(*map(str, range(20 * WINDOW_MESSAGES))))
        broker.when_confirmed(lambda: confirmed.append(True))
    assert vhost.depth("y_true") in range(WINDOW_MESSAGES, 3 * WINDOW_MESSAGES)
    assert not confirmed
