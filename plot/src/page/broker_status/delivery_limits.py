"""Finds the queues that lose messages by a delivery limit, as the broker's management API shows."""

import re
from collections.abc import Iterable
from typing import Any

from page.broker_status.api_answers import fields, text

COLUMNS = "type,arguments,effective_policy_definition"
DEFAULT_LIMIT = 20  # of a quorum queue, on RabbitMQ 4; none on 3


def delivery_limits(listed: Iterable[dict[str, Any]], version: str) -> dict[str, int]:
    """Returns the limit of each listed queue that has one, and nowhere to put what exceeds it."""
    is_old = re.match(r"[0-3]\.", version)
    found: dict[str, int] = {}
    for item in listed:
        arguments, policy = fields(item, "arguments"), fields(item, "effective_policy_definition")
        named = (arguments.get("x-delivery-limit"), policy.get("delivery-limit"))
        limits = [limit for limit in named if type(limit) is int]
        keeps = "x-dead-letter-exchange" in arguments or "dead-letter-exchange" in policy
        limit = _limit_3(limits) if is_old else _limit_4(limits)
        if text(item, "type") == "quorum" and limit is not None and not keeps:
            found[text(item, "name")] = limit
    return found


def warning(queue: str, limit: int) -> str:
    """Explains the problem with the queue, and says what to do about it."""
    return (
        f"queue {queue} loses a message after {limit} deliveries without an ack, and each kill of "
        "a service counts as one. Give it a dead-letter exchange (docs/reliability.md)"
    )


def _limit_3(limits: list[int]) -> int | None:
    """Returns the limit on RabbitMQ 3, which takes the smallest, and reads negative ones as 0."""
    return max(0, min(limits)) if limits else None


def _limit_4(limits: list[int]) -> int | None:
    """Returns the limit on RabbitMQ 4, which has a default, and reads negative ones as none."""
    limit = (max if min(limits) < 0 else min)(limits) if limits else DEFAULT_LIMIT
    return limit if limit >= 0 else None
