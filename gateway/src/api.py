"""The application: all routes, what they share, and what runs while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

import problems
from calls import Calls
from counters import Counters, Timed
from gateway_settings import GatewaySettings
from hosts import LocalHosts
from jobs import JobStore
from limits import Limits
from outbox import Outbox
from pages import pages
from pipeline.broker import Broker
from pipeline.web import WebServer
from schemas import Health
from waiting import Waiting

MOST_CONNECTIONS = 2000
TITLE = "Ask the model"
DESCRIPTION = """
Send a patient, get a job at once, the prediction when it is there, and send the true value whenever
it becomes known. The id of the job is that of the row in `metric_log.csv`.
"""


class Api(WebServer):
    """Everything that is served over HTTP. Raises WebError where it cannot listen."""

    def __init__(
        self,
        settings: GatewaySettings,
        broker: Broker,
        counters: Counters,
    ) -> None:
        self._broker = broker
        self._counters = counters
        self._store = JobStore(settings.redis_url, settings.job_ttl)
        self._outbox = Outbox(broker)
        self.waiting = Waiting(self._store.redis)
        calls = Calls(
            settings,
            broker=broker,
            store=self._store,
            outbox=self._outbox,
            waiting=self.waiting,
            counters=counters,
        )
        app = FastAPI(
            title=TITLE,
            description=DESCRIPTION,
            docs_url=None,
            redoc_url=None,
            lifespan=self._while_serving,
        )
        app.include_router(calls.router())
        app.add_api_route("/health", self.health, tags=["gateway"], responses=_UNAVAILABLE)
        app.add_api_route(
            "/metrics", self.metrics, tags=["gateway"], response_class=PlainTextResponse
        )
        app.include_router(pages(settings.plot_url, settings.live_page_url))
        app.add_middleware(Limits)
        if not settings.gateway_api_key.get_secret_value():
            app.add_middleware(LocalHosts)
        app.add_middleware(Timed, counters=counters)
        problems.install(app)
        super().__init__(
            app,
            "gateway",
            "GATEWAY",
            (settings.gateway_host, settings.gateway_port),
            most_connections=MOST_CONNECTIONS,
            let_go=self.waiting.close,
        )

    async def health(self) -> Response:
        """Whether requests can be taken, and which part is missing if not."""
        broker, redis = self._broker.problem, await self._store.problem()
        health = Health(
            status="unavailable" if broker or redis else "ok",
            broker=broker or "ok",
            redis=redis or "ok",
            queue=self._broker.depth("features"),
        )
        return JSONResponse(health.model_dump(), 200 if health.status == "ok" else 503)

    async def metrics(self) -> Response:
        """For Prometheus."""
        self._counters.queue.set(self._broker.depth("features") or 0)
        return PlainTextResponse(self._counters.text())

    @asynccontextmanager
    async def _while_serving(self, _: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in (self.waiting.follow, self._outbox.run)]
        for task in tasks:
            task.add_done_callback(self._give_up)
        yield
        for task in tasks:
            task.cancel()
        await self._store.redis.aclose()

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.give_up(task.exception())


_UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {"model": Health, "description": "A part is missing."}
}
