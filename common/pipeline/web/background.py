"""Background tasks of a served application."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def background_tasks(
    *runs: Callable[[], Coroutine[Any, Any, None]],
    give_up: Callable[[BaseException | None], None],
) -> AsyncIterator[None]:
    """Runs each endless function as a task until the end of the block, then cancels them.

    Calls `give_up` with the reason if one ends before that.
    """

    def note(task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            give_up(task.exception())

    tasks = [asyncio.create_task(run()) for run in runs]
    for task in tasks:
        task.add_done_callback(note)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
