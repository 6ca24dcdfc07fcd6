"""The description of the queues says what is there: in a broker, in its rights, in messages."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.asyncapi.operations import DEAD_LETTERS_COMMAND
from pipeline.broker import Broker
from pipeline.broker.layout import ALL_PARTS
from pipeline.messages import DeadLetter, Message
from pipeline.queues import (
    ANSWERS,
    CHANGES,
    DEAD_LETTERS,
    FEATURES,
    FEATURES_BY_MODEL,
    REPLIES,
    Y_PRED,
    Y_PRED_SHADOW,
    Y_TRUE,
    delay_queue,
)
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from support.asyncapi import Described
from support.schemas import DIABETES
from support.service import ROOT
from support.vhost import Vhost

DESCRIBED = Described(DIABETES)
CHANNELS: dict[str, Any] = DESCRIBED.document["channels"]
OPERATIONS: list[Any] = [*DESCRIBED.document["operations"].values()]
BINDINGS: list[Any] = [each["bindings"]["amqp"] for each in CHANNELS.values()]
PROPERTIES = ("message_id", "content_type", "delivery_mode", "timestamp", "app_id",
              "correlation_id", "reply_to", "expiration")  # fmt: skip


def declare(settings: BrokerSettings) -> None:
    with Broker(settings, Run("tester"), uses=ALL_PARTS) as broker:
        broker.publish(Y_TRUE, [Message(["a"], [1.0])])
        broker.flush()


def test_a_broker_has_the_exchanges_queues_and_bindings(vhost: Vhost) -> None:
    declare(BrokerSettings(amqp_url=vhost.amqp_url))
    found = vhost.manage("GET", f"exchanges/{vhost.name}")
    assert {
        (each["name"], each["type"], each["durable"], each["auto_delete"])
        for each in found
        if each["name"] and not each["name"].startswith("amq.")
    } == {
        (each["name"], each["type"], each["durable"], each["autoDelete"])
        for each in (binding["exchange"] for binding in BINDINGS if "exchange" in binding)
    }
    fields = ("name", "durable", "exclusive", "auto_delete", "arguments")
    described = {
        binding["queue"]["name"]: [
            *(binding["queue"][name] for name in ("name", "durable", "exclusive", "autoDelete")),
            binding["x-arguments"],
        ]
        for binding in BINDINGS
        if "queue" in binding
    }
    declared = {
        each["name"]: [each[field] for field in fields]
        for each in vhost.manage("GET", f"queues/{vhost.name}")
    }
    assert declared == described
    assert {
        (each["source"], each["destination"], each["routing_key"])
        for each in vhost.manage("GET", f"bindings/{vhost.name}")
        if each["source"]
    } == {
        (bound["exchange"], name, bound["routingKey"])
        for name, channel in CHANNELS.items()
        for bound in channel["bindings"]["amqp"].get("x-bound-to", [])
    }


def allowed(pattern: str) -> set[str]:
    """Returns the names in a permission, without those that RabbitMQ makes up."""
    names = pattern.removeprefix("^").removesuffix("$").strip("()").replace("\\.", ".").split("|")
    return {name for name in names if name and not name.startswith("amq.")}


def test_who_sends_and_receives_is_who_may() -> None:
    template = (ROOT / "rabbitmq/definitions.template.json").read_text()
    granted = [each for each in json.loads(template)["permissions"] if "VHOST" in each["vhost"]]
    channels: dict[tuple[str, str], set[str]] = {}
    for each in OPERATIONS:
        user = each["tags"][0]["name"].removesuffix("-by-id")
        name = each["channel"]["$ref"].removeprefix("#/channels/")
        channels.setdefault((user, each["action"]), set()).add(name)
    assert {user for user, _ in channels} - {DEAD_LETTERS_COMMAND} < {
        each["user"] for each in granted
    }
    for each in granted:
        if each["user"] != "admin":
            assert channels.get((each["user"], "send"), set()) == allowed(each["write"])
            assert channels.get((each["user"], "receive"), set()) == allowed(each["read"])


def check(name: str, message: tuple[Any, bytes], *, by_the_broker: bool = False) -> None:
    """Asserts that a message is one of this name; `by_the_broker`, it may have more headers."""
    properties, body = message
    described = DESCRIBED.messages[name]
    assert DESCRIBED.takes(name, "headers", properties.headers), properties.headers
    said = {each: getattr(properties, each) for each in PROPERTIES}
    said = {each: value for each, value in said.items() if value is not None}
    assert DESCRIBED.takes(name, "x-properties", said), said
    assert said.keys() <= described["x-properties"]["properties"].keys(), name
    if not by_the_broker:
        assert properties.headers.keys() <= described["headers"]["properties"].keys(), name
    if name != "DeadLetter":
        assert DESCRIBED.takes(name, "payload", json.loads(body)), body


def test_messages_that_are_published_are_as_described(vhost: Vhost) -> None:
    settings = BrokerSettings(amqp_url=vhost.amqp_url)
    row = [0.0] * 10
    request = Message(["a"], [row], timestamp_in_ms=5, reply_to="mine", correlation_id="c")
    by_model = Message(["a", "b"], [row, row], batched=True, correlation_id="c", ask_model="m")
    with vhost.channel() as channel, Broker(settings, Run("tester"), uses=ALL_PARTS) as broker:
        broker.publish(FEATURES, [request], reply_to="mine")
        broker.flush()
        channel.queue_declare("mine")
        for exchange in (REPLIES, CHANGES):
            channel.queue_bind("mine", exchange, "mine")
        broker.publish(FEATURES_BY_MODEL, [by_model], reply_to="mine", expires_in_ms=60_000)
        broker.publish_delayed([Message(["a"], [1.0])], 1, 10**6)
        broker.publish(Y_PRED, [request.answer(["a"], [1.5], "m")])
        broker.publish(Y_PRED_SHADOW, [request.answer(["a"], [None], "m")])
        broker.reply([replace(by_model, reply_to="mine").answer(["a", "b"], [1.5, "x"], "m")])
        broker.dead_letter([DeadLetter(b"x", "why", FEATURES, "mine", "c", "m")])
        broker.announce_change()
        broker.flush()
    check("Features", vhost.wait_for(FEATURES))
    check("FeaturesByModelBatch", vhost.wait_for(FEATURES_BY_MODEL))
    check("Label", vhost.wait_for(delay_queue(1)), by_the_broker=True)
    check("Prediction", vhost.wait_for(Y_PRED))
    check("ShadowPrediction", vhost.wait_for(Y_PRED_SHADOW))
    check("DeadLetter", vhost.wait_for(DEAD_LETTERS))
    for name in ("Prediction", "PredictionByModelBatch", "DeadLetter", "Change"):
        check(name, vhost.wait_for("mine"))


def test_a_request_that_expires_reaches_both_as_described(vhost: Vhost) -> None:
    settings = BrokerSettings(amqp_url=vhost.amqp_url)
    with Broker(settings, Run("tester"), uses=ALL_PARTS) as broker:
        request = Message(["a"], [[0.0] * 10], correlation_id="c", ask_model="m")
        broker.publish(FEATURES_BY_MODEL, [request], reply_to=ANSWERS, expires_in_ms=1)
        broker.flush()
    for queue in (DEAD_LETTERS, ANSWERS):
        check("ExpiredRequest", vhost.wait_for(queue), by_the_broker=True)


@pytest.mark.parametrize("name", CHANNELS)
def test_what_is_received_is_what_was_sent(name: str) -> None:
    binding = CHANNELS[name]["bindings"]["amqp"]
    for bound in binding.get("x-bound-to", []):
        sent = CHANNELS[bound["exchange"]]["messages"].keys()
        assert binding["is"] == "queue" or sent <= CHANNELS[name]["messages"].keys()
        assert binding["is"] == "routingKey" or sent == CHANNELS[name]["messages"].keys()
