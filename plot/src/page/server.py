"""The live page: an HTTP server in a thread of its own, and the events that it pushes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from starlette.applications import Starlette

from page.broker_status.monitor import BrokerMonitor
from page.event_stream import EventStream
from page.narrator import Narrator
from page.routes import Routes
from pipeline.clock import now_in_ms
from pipeline.web.background import background_tasks
from pipeline.web.local_hosts import LocalHosts
from pipeline.web.server import WebServer

ROWS_SECONDS = 0.2  # between two checks for new rows while there are readers
PIPELINE_SECONDS = 1.0
MAX_CONNECTIONS = 250
ADVICE = "have the proxy in front of the page send one, as in Host: localhost"


class Page(WebServer):
    """Serves the narrator's numbers and the broker's state.

    Only while there are readers is the broker asked, and the view of the rows made: once for all of
    them. Raises WebError if it cannot listen.
    """

    def __init__(
        self, host: str, port: int, narrator: Narrator, monitor: BrokerMonitor, shown_url: str = ""
    ) -> None:
        self._narrator = narrator
        self._monitor = monitor
        self._stream = EventStream()
        routes = Routes(narrator, monitor, self._stream).all()
        app = Starlette(routes=routes, lifespan=self._push)
        app.add_middleware(LocalHosts, advice=ADVICE)
        super().__init__(
            app,
            "page",
            "PLOT",
            (host, port),
            max_connections=MAX_CONNECTIONS,
            let_go=self._stream.close,
            shown_url=shown_url,
        )

    @property
    def is_watched(self) -> bool:
        """True while anybody has the page open."""
        return self._stream.readers > 0

    @asynccontextmanager
    async def _push(self, _: Starlette) -> AsyncIterator[None]:
        pushes = (self._push_rows, self._push_pipeline)
        async with background_tasks(*pushes, give_up=self.give_up):
            yield

    async def _push_rows(self) -> None:
        """Pushes the view of the rows whenever there are more, and at once to the first reader."""
        pushed = None
        while True:
            await self._stream.watched.wait()
            if self._narrator.version != pushed or self._stream.lacks("rows"):
                pushed = self._narrator.version
                self._stream.put("rows", await asyncio.to_thread(self._narrator.view))
            await asyncio.sleep(ROWS_SECONDS)

    async def _push_pipeline(self) -> None:
        """Pushes the pipeline's state each second, or every other one if no broker answers."""
        while True:
            await self._stream.watched.wait()
            state = await asyncio.to_thread(pipeline, self._narrator, self._monitor)
            self._stream.put("pipeline", state)
            await asyncio.sleep(PIPELINE_SECONDS)


def pipeline(narrator: Narrator, monitor: BrokerMonitor) -> dict[str, Any]:
    """Returns the current state of the pipeline between the services."""
    snapshot = monitor.snapshot()
    return {
        "now_in_ms": now_in_ms(),
        **narrator.flow(),
        "broker": {
            "reachable": snapshot.reachable,
            "note": snapshot.note,
            "warnings": snapshot.warnings,
        },
        "queues": snapshot.queues,
        "services": snapshot.services,
        "model_id": narrator.model_id(),
    }
