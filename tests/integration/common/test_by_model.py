"""The queue `features.by_model`: its messages expire, and tell whoever asked."""

import threading
from typing import Any

import pytest

from pipeline.broker import Batch
from pipeline.broker.batch import EXPIRED
from pipeline.broker.dead_letter_queue import DeadLetters
from pipeline.messages import DeadLetter, Message
from pipeline.queues import ANSWERS, FEATURES_BY_MODEL
from pipeline.settings import BrokerSettings
from support.broker_client import consuming, opened
from support.readers import READERS
from support.vhost import Vhost
from support.waiting import eventually

ROW = [0.5] * 10


def requests(*ids: str) -> list[Message[Any]]:
    return [Message([row_id], [ROW], correlation_id="job", ask_model="m") for row_id in ids]


def unacked(vhost: Vhost) -> int:
    queue = vhost.manage("GET", f"queues/{vhost.name}/{FEATURES_BY_MODEL}")
    return int(queue.get("messages_unacknowledged", 0))


@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_one_that_nobody_takes_reaches_whoever_asked_and_the_dead_letters(
    vhost: Vhost, queue_type: Any
) -> None:
    settings = BrokerSettings(amqp_url=vhost.amqp_url, queue_type=queue_type)
    with opened(settings, uses=["answers", "by_model"]) as (broker, _):
        many = Message(["a", "b"], [ROW, ROW], batched=True, correlation_id="job", ask_model="m")
        broker.publish(FEATURES_BY_MODEL, [many], ANSWERS, expires_in_ms=100)
        broker.flush()
    eventually(lambda: vhost.depth("dead_letters") == vhost.depth(ANSWERS) == 1, "both copies")
    assert vhost.depth(FEATURES_BY_MODEL) == 0
    told: list[Any] = []

    def take(batch: Batch) -> None:
        told.append(batch.decode_answers(READERS))
        batch.ack()

    with consuming(settings, ANSWERS, take):
        eventually(lambda: told, "an answer")
    ((good, refusals, bad),) = told
    assert [(each.row_id, each.reason) for each in refusals] == [("a", EXPIRED), ("b", EXPIRED)]
    assert good == bad == []


def test_its_queue_is_declared_so_and_by_who_uses_it_alone(vhost: Vhost) -> None:
    for queue_type in ("classic", "quorum"):
        settings: Any = BrokerSettings(amqp_url=vhost.amqp_url, queue_type=queue_type)
        with opened(settings) as (broker, _):
            broker.publish("y_true", [Message(["a"], [1.0])])
        assert vhost.depth(FEATURES_BY_MODEL) == -1
        with opened(settings, uses=["by_model"]) as (broker, _):
            broker.publish(FEATURES_BY_MODEL, requests("a"))
        queue = vhost.manage("GET", f"queues/{vhost.name}/{FEATURES_BY_MODEL}")
        assert (queue["durable"], queue["type"]) == (True, queue_type)
        assert queue["arguments"].pop("x-queue-type", "classic") == queue_type
        assert queue["arguments"].pop("x-delivery-limit", -1) == -1  # of RabbitMQ 4
        assert queue["arguments"] == {
            "x-dead-letter-exchange": "edge.dead_letters", "x-dead-letter-routing-key": "answers"
        }  # fmt: skip
        with vhost.channel() as channel:
            channel.queue_delete(FEATURES_BY_MODEL)


def test_an_expired_one_and_a_refused_one_are_listed_and_replayed_to_whoever_asked(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    with opened(broker_settings, uses=["answers", "by_model"]) as (broker, _):
        broker.publish(FEATURES_BY_MODEL, requests("late"), ANSWERS, expires_in_ms=1)
        broker.flush()
        eventually(lambda: vhost.depth("dead_letters") == 1, "the late one")
        refused = DeadLetter(b"{}", "no model m", FEATURES_BY_MODEL, ANSWERS, "job", "m")
        broker.dead_letter([refused])
    with DeadLetters(broker_settings) as dead:
        listed = []
        for letter in dead.look():
            listed.append((letter.queue, letter.reason, letter.can_be_replayed))
            dead.replay(letter)
    assert listed == [
        (FEATURES_BY_MODEL, EXPIRED, True), (FEATURES_BY_MODEL, "no model m", True)
    ]  # fmt: skip
    assert vhost.depth("dead_letters") == 0
    for body in (b'{"id":"late"', b"{}"):
        properties, raw = vhost.wait_for(FEATURES_BY_MODEL)
        assert raw.startswith(body)
        assert (properties.reply_to, properties.correlation_id) == (ANSWERS, "job")
        assert properties.headers["ask_model"] == "m"
        assert properties.expiration is None, "asked again, it waits until somebody takes it"
        assert not [name for name in properties.headers if name.startswith("x-")]


def test_an_answer_goes_to_whoever_asked_alone_and_may_find_nobody(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    answer = Message(["a"], [1.0], reply_to=ANSWERS, model_id="m", ask_model="m")
    with opened(broker_settings, uses=["answers"]) as (broker, _):
        broker.reply([answer, Message(["b"], [1.0], reply_to="gone"), Message(["c"], [1.0])])
        broker.flush()
    properties, body = vhost.wait_for(ANSWERS)
    assert (properties.headers["model_id"], properties.headers["ask_model"]) == ("m", "m")
    assert body == b'{"id":"a","body":1.0}'
    assert vhost.depth(ANSWERS) == vhost.depth("y_pred") == vhost.depth("dead_letters") == 0


@pytest.mark.parametrize("most", [1, 4])
def test_no_more_are_taken_than_max_prefetch_says(
    broker_settings: BrokerSettings, vhost: Vhost, most: int
) -> None:
    go, sizes = threading.Event(), list[int]()

    def hold(batch: Batch) -> None:
        sizes.append(len(batch.deliveries))
        if len(sizes) > 5:  # it has grown to what it may have
            go.wait()
        batch.ack()

    with opened(broker_settings, uses=["by_model"]) as (broker, _):
        broker.publish(FEATURES_BY_MODEL, requests(*map(str, range(60))))
        broker.flush()
        with consuming(broker_settings, FEATURES_BY_MODEL, hold, max_prefetch=most):
            eventually(lambda: len(sizes) > 5, "some batches")
            eventually(lambda: unacked(vhost) == most, "as many as are allowed")
            assert 60 - vhost.depth(FEATURES_BY_MODEL) - sum(sizes[:5]) == most
            go.set()
            eventually(lambda: sum(sizes) == 60, "all")
    assert max(sizes) == most


def test_parts_of_a_batch_are_acknowledged_in_any_order(
    broker_settings: BrokerSettings, vhost: Vhost
) -> None:
    """All but the second: that one alone comes again."""
    taken: list[str] = []

    def take(batch: Batch) -> None:
        for each in reversed(batch.deliveries):
            taken.append(row_id := str(each.properties.message_id))
            if row_id != "b" or taken.count("b") > 1:
                batch.part([each]).ack_when_confirmed()
        if taken.count("b") == 1 and "d" in taken:
            eventually(vhost.close_connections, "the connection to close")

    with opened(broker_settings, uses=["by_model"]) as (broker, _):
        broker.publish(FEATURES_BY_MODEL, requests("a", "b", "c", "d"))
        broker.flush()
        with consuming(broker_settings, FEATURES_BY_MODEL, take):
            eventually(lambda: unacked(vhost) == 1 or taken.count("b") > 1, "one that is left")
            eventually(lambda: taken.count("b") > 1, "the one that was left")
            eventually(lambda: unacked(vhost) == 0, "an empty queue")
    assert vhost.depth(FEATURES_BY_MODEL) == 0
