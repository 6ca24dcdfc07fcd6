"""Rollbacks, one at a time across all gateways: each takes back what its client has seen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.lock import Lock

from gateway_errors import JobStoreError, RefusedError
from pipeline.messages import new_id
from redis_store import digest, redis_errors
from threads import SlowError

TURN = "rollback"  # the key in Redis
TURN_SECONDS = 90  # more than the bounds of a rollback add up to


class Rollbacks:
    """Refuses a rollback asked for while one runs: its client cannot know of the first."""

    def __init__(self, redis: Redis, prefix: str = "") -> None:
        self._redis = redis
        self._turn = f"{prefix}{TURN}"

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Holds the turn until the end of the block; the same key means the same turn.

        Raises RefusedError if another has the turn. Without Redis there are no turns: then the
        model store still ensures that of two who have looked, one is first.
        """
        name = digest(key.encode()) if key else new_id()
        lock = Lock(self._redis, self._turn, timeout=TURN_SECONDS, blocking=False)
        is_ours = not key  # nobody else has this name, even if Redis did not say that it is set
        with suppress(JobStoreError):
            async with redis_errors():
                if await lock.acquire(token=name):
                    is_ours = True
                elif await self._redis.get(self._turn) != name:
                    raise RefusedError(
                        "another rollback is running: see GET /changes, and try again"
                    )
        try:
            yield
        except (SlowError, asyncio.CancelledError):
            is_ours = False  # its thread may still make the change: let the turn run out by itself
            raise
        finally:
            if is_ours:
                with suppress(JobStoreError):
                    async with redis_errors():
                        await lock.do_release(name.encode())
