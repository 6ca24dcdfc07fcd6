"""Which queues lose messages by a limit of deliveries, as the broker's management API tells."""

from typing import Any

import msgspec

COLUMNS = "type,arguments,effective_policy_definition"
DEFAULT_LIMIT = 20  # of a quorum queue, on RabbitMQ 4; none on 3


class _Queue(msgspec.Struct):
    name: str
    type: str = "classic"
    arguments: Any = None  # an object; where there is none, what the version likes to give
    effective_policy_definition: Any = None


def delivery_limits(answer: bytes, version: str) -> dict[str, int]:
    """The limit of each queue in the list that has one, and nowhere to put what exceeds it."""
    is_old = int(version.partition(".")[0]) < 4
    found: dict[str, int] = {}
    for queue in msgspec.json.decode(answer, type=list[_Queue]):
        arguments = _object(queue.arguments)
        policy = _object(queue.effective_policy_definition)
        limits = [
            int(limit)
            for limit in (arguments.get("x-delivery-limit"), policy.get("delivery-limit"))
            if limit is not None
        ]
        keeps = "x-dead-letter-exchange" in arguments or "dead-letter-exchange" in policy
        limit = _limit_3(limits) if is_old else _limit_4(limits)
        if queue.type == "quorum" and limit is not None and not keeps:
            found[queue.name] = limit
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


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
