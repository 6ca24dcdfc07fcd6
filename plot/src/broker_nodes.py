"""Which nodes of the broker are there, and what is the matter with them."""

from collections.abc import Sequence
from typing import Any

from api_answers import text

COLUMNS = "name,running,being_drained,mem_alarm,disk_free_alarm,partitions"

_ALARMS = {"mem_alarm": "memory", "disk_free_alarm": "disk space"}


def summary(nodes: Sequence[dict[str, Any]]) -> str:
    """How many nodes there are; nothing where it is one, or none is known."""
    running = sum(_is_running(node) for node in nodes)
    return f"{running} of {len(nodes)} nodes running" if len(nodes) > 1 else ""


def warnings(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """What a person has to know of each node that is not well."""
    found = []
    for node in nodes:
        name = text(node, "name") or "without a name"
        if not _is_running(node):
            found.append(f"node {name} is down")
            continue
        if node.get("being_drained") is True:
            found.append(f"node {name} is in maintenance, and takes no connections")
        if node.get("partitions"):
            found.append(f"node {name} does not see all others (a network partition)")
        found += [
            f"node {name} is short of {what}: the broker takes no messages until that ends"
            for field, what in _ALARMS.items()
            if node.get(field) is True
        ]
    return found


def _is_running(node: dict[str, Any]) -> bool:
    """A node of which nothing is told is none that is known to be down."""
    return node.get("running") is not False
