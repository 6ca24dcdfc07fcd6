"""Calls that block, beside the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pipeline.errors import PipelineError, StopError

MOST_THREADS = 8
SECONDS = 20.0  # the calls have shorter bounds of their own; this one is for waiting in line, too

T = TypeVar("T")


class SlowError(PipelineError):
    """What a call needs does not answer in time."""


class Threads:
    """Threads of their own: those of the event loop are for publishing what is to be predicted."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(MOST_THREADS, "blocking")
        self._is_closed = False

    async def run(self, call: Callable[[], T], seconds: float = SECONDS) -> T:
        """What it returns. Raises SlowError if that takes too long; it goes on nevertheless."""
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.get_running_loop().run_in_executor(self._pool, call)
        except TimeoutError as error:
            raise SlowError(
                f"what is needed for this did not answer within {seconds:g} s"
            ) from error

    def checkpoint(self) -> None:
        """For a call between two steps of long work: raises StopError once all is to end."""
        if self._is_closed:
            raise StopError

    def close(self) -> None:
        """What has not begun is left."""
        self._is_closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
