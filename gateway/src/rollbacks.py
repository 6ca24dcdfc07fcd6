"""Rollbacks, one at a time at all gateways: each takes back what its client has seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.asyncio import Redis

from jobs import StoreError, digest, told
from judge import RefusedError
from pipeline.messages import new_id

TURN = "rollback"  # its key in Redis
TURN_SECONDS = 30  # longer than a rollback takes; of a gateway that was killed


class Rollbacks:
    """Whoever asks before the first one has its answer cannot know of it, and is refused."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Holds the turn until the end of the block; with the same key it is the same turn.

        Raises RefusedError if another has it. Without Redis there is none: the model store still
        sees to it that of two who have looked one is first.
        """
        name = digest(key.encode()) if key else new_id()
        first = None
        with suppress(StoreError):
            async with told():
                first = await self._redis.set(TURN, name, nx=True, get=True, ex=TURN_SECONDS)
        if first not in {None, name}:
            raise RefusedError("another rollback is being made: look, and ask again")
        try:
            yield
        finally:
            if first is None or not key:
                with suppress(StoreError):
                    async with told():
                        await self._redis.delete(TURN)
