"""Wakes those who wait for the end of a job, whichever gateway its answer came to."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError

from pipeline.ids import canonical
from pipeline.redis_policy import POLL_SECONDS, look_async

log = logging.getLogger(__name__)

CHANNEL = "ended"
RETRY_SECONDS = 1.0
LISTEN_SECONDS = 5.0  # of silence, before the connection is checked


class Waiting:
    """The requests that wait for jobs to end; use it in the thread of one event loop."""

    def __init__(self, redis: Redis, prefix: str) -> None:
        self.connected = False  # to Redis, which announces every end
        self.is_closed = False
        self._redis = redis
        self._channel = f"{prefix}{CHANNEL}"
        self._events: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    async def follow(self) -> None:
        """Listens for the ends of jobs, until it is cancelled."""
        last_error = ""
        while True:
            try:
                await self._listen()
            except (RedisError, OSError, TimeoutError) as error:
                text = str(error) or type(error).__name__
                if self.connected or text != last_error:  # once, not every second
                    log.warning("Redis cannot be used: %s", text)
                last_error = text
            self.connected = False
            await asyncio.sleep(RETRY_SECONDS)

    @contextmanager
    def for_end_of(self, job_ids: Iterable[str]) -> Iterator[asyncio.Event]:
        """Yields an event that is set whenever one of the jobs may have ended."""
        job_ids = list(map(canonical, job_ids))
        event = asyncio.Event()
        if self.is_closed:
            event.set()
        for job_id in job_ids:
            self._events[job_id].add(event)
        try:
            yield event
        finally:
            for job_id in job_ids:
                self._events[job_id].discard(event)
                if not self._events[job_id]:
                    del self._events[job_id]

    def close(self) -> None:
        """Wakes everybody, for the last time."""
        self.is_closed = True
        self._wake(list(self._events))

    async def _listen(self) -> None:
        async with self._redis.pubsub() as channel:
            await channel.subscribe(self._channel)
            log.info("connected to Redis")
            self.connected = True
            self._wake(list(self._events))  # the ends of jobs were missed meanwhile
            loop = asyncio.get_running_loop()
            next_check = loop.time() + POLL_SECONDS
            while True:
                # Only silence gives None: if messages were ignored, so would the answer to a ping.
                message = await channel.get_message(timeout=LISTEN_SECONDS)
                if message is None:
                    await channel.ping()
                elif message["type"] == "message":
                    self._wake(message["data"].split("\n"))
                if loop.time() >= next_check:
                    await look_async(self._redis)
                    next_check = loop.time() + POLL_SECONDS

    def _wake(self, job_ids: Iterable[str]) -> None:
        for job_id in job_ids:
            for event in self._events.get(job_id, ()):
                event.set()


async def until(event: asyncio.Event, seconds: float) -> bool:
    """Returns True if the event was set within `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
