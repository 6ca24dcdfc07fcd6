"""Which queues lose messages by a limit of deliveries, as the broker's management API tells."""

import re
from collections.abc import Iterable
from typing import Any

from api_answers import fields, text

COLUMNS = "type,arguments,effective_policy_definition"
DEFAULT_LIMIT = 20  # of a quorum queue, on RabbitMQ 4; none on 3


def delivery_limits(listed: Iterable[dict[str, Any]], version: str) -> dict[str, int]:
    """The limit of each queue in the list that has one, and nowhere to put what exceeds it."""
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
    """Says what is the matter with the queue, and what to do."""
    return (
        f"queue {queue} loses a message that was delivered {limit} times and is not done: each "
        "kill of a service counts. Give it a dead-letter exchange (docs/reliability.md)"
    )


def _limit_3(limits: list[int]) -> int | None:
    """RabbitMQ 3 takes the smallest, and what is below 0 as 0."""
    return max(0, min(limits)) if limits else None


def _limit_4(limits: list[int]) -> int | None:
    """RabbitMQ 4 has a default, and takes what is below 0 as no limit."""
    limit = (max if min(limits) < 0 else min)(limits) if limits else DEFAULT_LIMIT
    return limit if limit >= 0 else None
