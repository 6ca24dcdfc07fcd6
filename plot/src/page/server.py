"""The live page: an HTTP server in a thread of its own, and the events that it pushes."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from page.broker_status.monitor import Management
from page.event_stream import Feed
from page.routes import Routes
from pipeline.web.local_hosts import LocalHosts
from pipeline.web.server import WebServer
from plotter import Plotter

ROWS_SECONDS = 0.2  # between two looks for new rows while there are readers
PIPELINE_SECONDS = 1.0
MOST_CONNECTIONS = 250
ADVICE = "have the proxy before the page send one, as in Host: localhost"


class Page(WebServer):
    """Serves the plotter's numbers and the broker's state.

    Only while there are readers is the broker asked, and the view of the rows made: once for all of
    them. Raises WebError if it cannot listen.
    """

    def __init__(
        self, host: str, port: int, plotter: Plotter, management: Management, shown_url: str = ""
    ) -> None:
        self._plotter = plotter
        self._management = management
        self._feed = Feed()
        routes = Routes(plotter, management, self._feed).all()
        app = Starlette(routes=routes, lifespan=self._push)
        app.add_middleware(LocalHosts, advice=ADVICE)
        super().__init__(
            app,
            "page",
            "PLOT",
            (host, port),
            max_connections=MOST_CONNECTIONS,
            let_go=self._feed.close,
            shown_url=shown_url,
        )

    @property
    def is_watched(self) -> bool:
        """True while anybody has the page open."""
        return self._feed.readers > 0

    @asynccontextmanager
    async def _push(self, _: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(push()) for push in (self._push_rows, self._push_pipeline)]
        for task in tasks:
            task.add_done_callback(self._give_up)
        yield
        for task in tasks:
            task.cancel()

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.give_up(task.exception())

    async def _push_rows(self) -> None:
        """Pushes the view of the rows whenever there are more, and at once to the first reader."""
        pushed = None
        while True:
            await self._feed.watched.wait()
            if self._plotter.version != pushed or self._feed.lacks("rows"):
                pushed = self._plotter.version
                self._feed.put("rows", await asyncio.to_thread(self._plotter.view))
            await asyncio.sleep(ROWS_SECONDS)

    async def _push_pipeline(self) -> None:
        """Pushes the pipeline's state each second, or every other one if no broker answers."""
        while True:
            await self._feed.watched.wait()
            state = await asyncio.to_thread(pipeline, self._plotter, self._management)
            self._feed.put("pipeline", state)
            await asyncio.sleep(PIPELINE_SECONDS)


def pipeline(plotter: Plotter, management: Management) -> dict[str, Any]:
    """Returns the current state of the pipeline between the services."""
    look = management.look()
    return {
        "now_in_ms": int(time.time() * 1000),
        "rows_per_second": plotter.rows_per_second(),
        "pending": plotter.pending(),
        "unmatched": plotter.unmatched(),
        "broker": {
            "reachable": look.reachable,
            "note": look.note,
            "warnings": look.warnings,
        },
        "queues": look.queues,
        "services": look.services,
        "model_id": plotter.model_id(),
    }
