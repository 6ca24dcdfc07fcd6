"""Runs blocking calls outside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pipeline.errors import PipelineError, StopError

MAX_THREADS = 8
SECONDS = 20.0  # the calls have shorter bounds of their own; this one includes waiting in line

T = TypeVar("T")


class SlowError(PipelineError):
    """A call did not finish in time."""


class Threads:
    """A pool of threads: those of the event loop are for publishing rows to predict."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MAX_THREADS, "blocking")
        self._is_closed = False

    async def run(self, call: Callable[[], T], seconds: float = SECONDS) -> T:
        """Runs `call` in the pool and returns its result.

        After `seconds` raises SlowError; the call itself is not cancelled.
        """
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except TimeoutError as error:
            raise SlowError(
                f"the model store, the broker or the disk did not answer within {seconds:g} s"
            ) from error

    def checkpoint(self) -> None:
        """Raises StopError once the gateway ends; for calls between two steps of long work."""
        if self._is_closed:
            raise StopError

    def close(self) -> None:
        """Ends the pool; calls that have not begun are dropped."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
