"""The topology that the broker loads is the one that our services would declare."""

import json
from typing import Any

import pytest

from compose.stack import Stack
from pipeline.broker import Copy
from pipeline.broker.topology import TopologyParts
from pipeline.settings import BrokerSettings
from support.broker_client import labels, opened
from support.service import ROOT


def topology(stack: Stack, vhost: str) -> dict[str, list[Any]]:
    """Exchanges, queues and bindings, without what every virtual host has."""
    found: dict[str, list[Any]] = {}
    for kind, fields in (
        ("exchanges", ("name", "type", "durable", "auto_delete", "internal", "arguments")),
        ("queues", ("name", "durable", "auto_delete", "arguments")),
        ("bindings", ("source", "destination", "routing_key", "arguments")),
    ):
        each = [tuple(item[name] for name in fields) for item in stack.manage(f"{kind}/{vhost}")]
        found[kind] = sorted((item for item in each if not has_own_name(item)), key=str)
    return found


def has_own_name(item: tuple[Any, ...]) -> bool:
    """Whether RabbitMQ gave it its name: `model` has a queue of its own to hear of changes."""
    return any(str(name).startswith("amq.") for name in item[:2])


def copies() -> list[Copy]:
    """The queues of services that get a copy of what flows through an edge."""
    definitions = json.loads((ROOT / "rabbitmq" / "definitions.template.json").read_text())
    return [
        Copy(binding["destination"], of=binding["source"].removeprefix("edge."))
        for binding in definitions["bindings"]
        if binding["destination_type"] == "queue"
        and binding["source"].startswith("edge.")
        and binding["source"] != f"edge.{binding['destination']}"
    ]


@pytest.mark.parametrize("queue_type", ["classic", "quorum"])
def test_loaded_is_what_would_be_declared(stack: Stack, queue_type: str) -> None:
    stack.clear()
    stack.configure(QUEUE_TYPE=queue_type, LABEL_DELAY=1)
    stack.up()
    stack.wait_for_rows(5)
    stack.manage("vhosts/declared", method="PUT")
    try:
        settings = BrokerSettings(
            amqp_url=stack.amqp_url(vhost="declared"),
            queue_type=queue_type,
        )
        uses: TopologyParts = ["delays", "answers", "by_model", "shadow", "changes", *copies()]
        with opened(settings, uses=uses) as (broker, _):
            broker.publish("y_true", labels("a"))
        assert topology(stack, "declared") == topology(stack, "%2F")
    finally:
        stack.manage("vhosts/declared", method="DELETE")
