"""What is declared, with which arguments, and by whom."""

import logging
from typing import Any

import pytest

from pipeline.broker import Broker
from pipeline.messages import Message
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from support.vhost import Vhost
from support.waiting import eventually


def connect(settings: BrokerSettings) -> None:
    """Publishes one label, confirmed: then everything is declared."""
    with Broker(settings, Run("tester")) as broker:
        broker.publish("y_true", [Message(["a"], [1.0])])
        broker.flush()


def queue(vhost: Vhost, name: str) -> dict[str, Any]:
    found: dict[str, Any] = vhost.manage("GET", f"queues/{vhost.name}/{name}")
    return found


def test_queues_are_durable_and_bound_to_their_edges(vhost: Vhost) -> None:
    connect(BrokerSettings(amqp_url=vhost.amqp_url))
    names = {q["name"]: q for q in vhost.manage("GET", f"queues/{vhost.name}")}
    assert set(names) == {"features", "y_true", "y_pred", "dead_letters"}
    assert all(q["durable"] and not q["exclusive"] for q in names.values())
    assert names["dead_letters"]["arguments"]["x-overflow"] == "drop-head"
    bindings = vhost.manage("GET", f"bindings/{vhost.name}")
    named = {(b["source"], b["destination"], b["routing_key"]) for b in bindings if b["source"]}
    answers = {(f"edge.{name}", "replies", "") for name in ("y_pred", "dead_letters")}
    assert named == {(f"edge.{name}", name, name) for name in names} | answers


def test_transient_queues_are_those_of_a_bare_declaration(vhost: Vhost) -> None:
    with vhost.channel() as channel:
        channel.queue_declare("y_true")  # as a course's service does, first
        connect(BrokerSettings(amqp_url=vhost.amqp_url, queue_durable=False))
        for name in ("features", "y_true", "y_pred"):
            channel.queue_declare(name)  # and last: equal, or the broker would close the channel
    assert queue(vhost, "features")["durable"] is False
    assert queue(vhost, "dead_letters")["durable"] is True


def test_quorum_queues(vhost: Vhost) -> None:
    connect(BrokerSettings(amqp_url=vhost.amqp_url, queue_type="quorum"))
    assert queue(vhost, "features")["type"] == "quorum"
    assert vhost.depth("y_true") == 1


def test_an_existing_queue_with_other_arguments_is_used_with_a_warning(
    vhost: Vhost, caplog: pytest.LogCaptureFixture
) -> None:
    with vhost.channel() as channel:
        channel.queue_declare("y_true", durable=True, arguments={"x-max-length": 5})
    with caplog.at_level(logging.WARNING):
        connect(BrokerSettings(amqp_url=vhost.amqp_url))
    assert "queue y_true has other arguments than ours: using it as it is" in caplog.messages
    assert vhost.depth("y_true") == 1


def test_a_user_who_may_not_declare_uses_what_is_there(
    vhost: Vhost, caplog: pytest.LogCaptureFixture
) -> None:
    connect(BrokerSettings(amqp_url=vhost.amqp_url))
    vhost.manage("PUT", f"users/{vhost.name}", {"password": "secret", "tags": ""})
    vhost.permit(vhost.name, configure="^$", write="^edge\\.y_true$", read="^$")
    url: Any = vhost.url_for(vhost.name, "secret")
    try:
        with caplog.at_level(logging.WARNING):
            connect(BrokerSettings(amqp_url=url))
    finally:
        vhost.manage("DELETE", f"users/{vhost.name}")
    assert caplog.messages == []
    assert vhost.depth("y_true") == 2


def test_delayed_labels_wait_in_the_broker_and_overtake_each_other(vhost: Vhost) -> None:
    settings = BrokerSettings(amqp_url=vhost.amqp_url)
    with Broker(settings, Run("tester"), uses=["delays"]) as broker:
        broker.publish_delayed([Message(["slow"], [1.0])], 4, 1500)
        broker.publish_delayed([Message(["fast"], [1.0])], 1, 1500)
        broker.flush()
    assert vhost.depth("y_true.delay.1of4") >= 0
    arguments = queue(vhost, "y_true.delay.4of4")["arguments"]
    assert arguments["x-dead-letter-strategy"] == "at-least-once"
    bodies = [vhost.wait_for("y_true")[1] for _ in range(2)]
    assert bodies == [b'{"id":"fast","body":1.0}', b'{"id":"slow","body":1.0}']
    eventually(lambda: vhost.depth("y_true.delay.4of4") == 0, "nothing left waiting")
