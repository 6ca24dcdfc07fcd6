"""The nodes of the broker: how many run, and the problems of the others."""

from collections.abc import Sequence
from typing import Any

from page.broker_status.api_answers import text

COLUMNS = "name,running,being_drained,mem_alarm,disk_free_alarm,partitions"

_ALARMS = {"mem_alarm": "memory", "disk_free_alarm": "disk space"}


def summary(nodes: Sequence[dict[str, Any]]) -> str:
    """Says how many nodes run; returns an empty text if there is only one, or none is known."""
    running = sum(_is_running(node) for node in nodes)
    return f"{running} of {len(nodes)} nodes running" if len(nodes) > 1 else ""


def warnings(nodes: Sequence[dict[str, Any]]) -> list[str]:
    """Returns a warning for each problem of each node."""
    found = []
    for node in nodes:
        name = text(node, "name") or "without a name"
        if not _is_running(node):
            found.append(f"node {name} is down")
            continue
        if node.get("being_drained") is True:
            found.append(f"node {name} is in maintenance and accepts no connections")
        if node.get("partitions"):
            found.append(f"node {name} cannot see all other nodes (network partition)")
        found += [
            f"node {name} is short of {what}: the broker accepts no messages until it has more"
            for field, what in _ALARMS.items()
            if node.get(field) is True
        ]
    return found


def _is_running(node: dict[str, Any]) -> bool:
    """Returns False only if the node is known to be down: no information is no bad news."""
    return node.get("running") is not False
