"""Refuses a Redis that evicts keys: it would lose jobs that somebody was told are accepted.

Give `on_connect` or `on_connect_async` to a client as `redis_connect_func`: then it gets no
connection to a Redis with such a policy. `look` and `look_async` detect a policy changed since.
"""

import re
from typing import Any

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.connection import AbstractConnection as AsyncConnection
from redis.connection import AbstractConnection
from redis.exceptions import RedisError, ResponseError
from redis.utils import str_if_bytes

POLL_SECONDS = 5.0  # between two checks of a lasting connection
_KEEPS = "noeviction"
_POLICY = re.compile(r"^maxmemory_policy:(\S+)", re.MULTILINE)


class PolicyError(RedisError):
    """This Redis evicts keys, or does not say whether it does."""


def on_connect(connection: AbstractConnection) -> None:
    """Sets a new connection up. Raises PolicyError."""
    connection.on_connect()  # type: ignore[no-untyped-call]
    connection.send_command("INFO", "memory", check_health=False)  # type: ignore[no-untyped-call]
    try:
        _check_text(connection.read_response())
    except ResponseError as error:
        raise _unknown(error) from error


async def on_connect_async(connection: AsyncConnection) -> None:
    """Sets a new connection up. Raises PolicyError."""
    await connection.on_connect()
    await connection.send_command("INFO", "memory", check_health=False)
    try:
        _check_text(await connection.read_response())
    except ResponseError as error:
        raise _unknown(error) from error


def look(redis: Redis) -> None:
    """Checks the current policy. Raises PolicyError, after closing all connections."""
    try:
        check(redis.info("memory"))
    except PolicyError:
        redis.connection_pool.disconnect()
        raise


async def look_async(redis: AsyncRedis) -> None:
    """Checks the current policy. Raises PolicyError, after closing all connections."""
    try:
        check(await redis.info("memory"))
    except PolicyError:
        await redis.connection_pool.disconnect()
        raise


def check(memory: dict[str, Any]) -> None:
    """Raises PolicyError if this is the INFO of a Redis that evicts."""
    policy = memory.get("maxmemory_policy", _KEEPS)
    if policy != _KEEPS:
        raise PolicyError(
            f"it evicts (maxmemory-policy {policy}), and accepted jobs would be lost: set "
            f"`maxmemory-policy {_KEEPS}` in its configuration, or where it is hosted"
        )


def _check_text(info: Any) -> None:
    found = _POLICY.search(str_if_bytes(info))
    check({"maxmemory_policy": found[1]} if found else {})


def _unknown(error: ResponseError) -> PolicyError:
    return PolicyError(
        f"cannot tell whether it evicts, because INFO is refused ({error}): allow this user INFO"
    )
