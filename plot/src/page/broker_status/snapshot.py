"""A snapshot of the broker: its queues, their consumers, and its problems."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from page.broker_status import broker_nodes, delivery_limits, queue_figures
from page.broker_status.api_answers import an_object, items, text
from page.broker_status.management_api import BrokerApi
from page.broker_status.queue_figures import SHOWN, Queue, by_stream
from pipeline.queues import ANSWERS, FEATURES, Y_PRED, Y_PRED_SHADOW, Y_TRUE

RISKED = (*SHOWN, ANSWERS, Y_PRED_SHADOW)  # the queues that we consume, or keep

QUEUES = (
    f"queues/{{}}?columns={queue_figures.COLUMNS},{delivery_limits.COLUMNS}&{queue_figures.HISTORY}"
)
CONSUMERS = "consumers/{}?columns=queue.name,channel_details.name"
CONNECTIONS = "vhosts/{}/connections?columns=user_provided_name"
NODES = f"nodes?columns={broker_nodes.COLUMNS}"
OVERVIEW = "overview?columns=rabbitmq_version"

RunState = Literal["running", "stopped", "unknown"]


class ServiceState(msgspec.Struct):
    """The state of a service, and how many copies of it run."""

    state: RunState = "unknown"
    copies: int = 0


class BrokerSnapshot(msgspec.Struct):
    """A snapshot of the broker. Queues that it does not have are missing."""

    reachable: bool
    note: str  # its version, and what it does not tell; or why it is not reachable
    queues: dict[str, Queue] = {}
    services: dict[str, ServiceState] = {}
    warnings: list[str] = []  # problems of nodes and queues


def take_snapshot(api: BrokerApi) -> BrokerSnapshot:
    """Takes a snapshot of a broker. Raises whatever asking for its queues raises.

    Anything else that the broker does not tell stays unknown, and hides nothing.
    """
    notes: list[str] = []

    def ask(what: str, path: str) -> Any:
        try:
            answer = api.get(path.format(api.vhost))
            return an_object(answer) if path is OVERVIEW else items(answer)
        except Exception as error:  # the server is not ours, and may answer anything
            notes.append(f"its {what} not known, as {api.why(error)}")
            return None

    listed = items(api.get(QUEUES.format(api.vhost)))
    version = text(ask("version is", OVERVIEW) or {}, "rabbitmq_version")
    queues = by_stream(listed, ask("consumers are", CONSUMERS))
    connections = ask("connections are", CONNECTIONS) or []
    nodes = ask("nodes are", NODES) or []
    notes[:0] = filter(None, [f"RabbitMQ {version}".strip(), broker_nodes.summary(nodes)])
    names = [text(connection, "user_provided_name") for connection in connections]
    warnings = broker_nodes.warnings(nodes) + _losses(listed, version)
    return BrokerSnapshot(True, ", ".join(notes), queues, services(queues, names), warnings)


def unreachable(note: str) -> BrokerSnapshot:
    """Returns the snapshot of a broker that does not answer."""
    return BrokerSnapshot(False, note, services=services({}, []))


def services(queues: dict[str, Queue], connections: Sequence[str]) -> dict[str, ServiceState]:
    """Tells which services are there by what they do, so a service of one's own counts like ours.

    A service is there if it consumes its queues; `features`, which consumes none, if a connection
    bears its name, or if rows arrive.
    """
    found = {"plot": ServiceState("running", 1)}
    for service, inputs in (("model", (FEATURES,)), ("metric", (Y_TRUE, Y_PRED))):
        known = [queues[name].consumers for name in inputs if name in queues]
        counts = [consumers for consumers in known if consumers is not None]
        is_known = queues and len(counts) == len(known)
        found[service] = _copies(min(counts, default=0)) if is_known else ServiceState()
    rows = queues[FEATURES].in_per_second if FEATURES in queues else 0.0
    named = sum(name.startswith("features:") for name in connections)
    found["features"] = _copies(max(named, int(rows > 0))) if queues else ServiceState()
    return found


def _copies(number: int) -> ServiceState:
    return ServiceState("running" if number else "stopped", number)


def _losses(listed: list[dict[str, Any]], version: str) -> list[str]:
    """Warns of queues that may lose messages, as far as the broker's version is known."""
    limits = delivery_limits.delivery_limits(listed, version) if version else {}
    return [delivery_limits.warning(name, limits[name]) for name in RISKED if name in limits]
