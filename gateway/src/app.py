"""The application: all routes, their common parts, and the tasks that run while it serves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from gateway_settings import GatewaySettings
from jobs.job_lookup import Lookup
from jobs.outbox import Outbox
from jobs.store import JobStore
from jobs.waiting import Waiting
from middleware.access import keep_pages_out, needs_key
from middleware.body_limit import Limits
from middleware.counters import Counters, Timed
from pipeline.broker import Broker
from pipeline.model_store.store import ModelStore
from pipeline.queues import FEATURES
from pipeline.web.server import WebServer
from promotion.registry import Registry
from promotion.rollbacks import Rollbacks
from routes import problems
from routes.jobs import JobCalls
from routes.models import ModelCalls
from routes.pages import pages
from routes.predictions import Calls
from schemas.predictions import Health
from threads import Threads
from trainings.store import Trainings
from trainings.task_queue import TaskQueue

MOST_CONNECTIONS = 2000
TITLE = "Ask the model"
DESCRIPTION = """
Send a patient, get a job at once, the prediction when it is there, and send the true value whenever
it becomes known. The id of the job is that of the row in `metric_log.csv`.
"""


class Api(WebServer):
    """The HTTP server of the gateway. Raises WebError if it cannot listen."""

    def __init__(
        self,
        settings: GatewaySettings,
        broker: Broker,
        counters: Counters,
    ) -> None:
        self._broker = broker
        self._counters = counters
        self._store = JobStore(str(settings.redis_url), settings.job_ttl)
        self._threads = Threads()
        self._outbox = Outbox(broker)
        self.waiting = Waiting(self._store.redis)
        app = FastAPI(
            title=TITLE,
            description=DESCRIPTION,
            docs_url=None,
            redoc_url=None,
            lifespan=self._while_serving,
        )
        for router in self._routers(settings):
            app.include_router(router)
        app.add_api_route("/health", self.health, tags=["gateway"], responses=_UNAVAILABLE)
        app.add_api_route(
            "/metrics", self.metrics, tags=["gateway"], response_class=PlainTextResponse
        )
        app.include_router(pages(settings.plot_url, settings.live_page_url))
        app.add_middleware(Limits)
        keep_pages_out(app, settings)
        app.add_middleware(Timed, counters=counters)
        problems.install(app)
        super().__init__(
            app,
            "gateway",
            "GATEWAY",
            (settings.gateway_host, settings.gateway_port),
            max_connections=MOST_CONNECTIONS,
            let_go=self.waiting.close,
            shown_url=settings.shown_url,
        )

    def _routers(self, settings: GatewaySettings) -> list[APIRouter]:
        """Returns the routers of the calls that ask for the key, if there is one."""
        tasks = TaskQueue(settings)
        trainings = Trainings(self._store, tasks, self._threads, settings.job_ttl)
        lookup = Lookup(self._store, trainings)
        models = ModelStore(settings.model_store)
        registry = Registry(models, settings.max_rmse_rise, self._threads.checkpoint)
        calls = Calls(
            settings,
            broker=self._broker,
            store=self._store,
            lookup=lookup,
            outbox=self._outbox,
            waiting=self.waiting,
            counters=self._counters,
        )
        job_calls = JobCalls(lookup, trainings, self.waiting)
        model_calls = ModelCalls(
            store=models,
            registry=registry,
            threads=self._threads,
            outbox=self._outbox,
            broker=self._broker,
            rollbacks=Rollbacks(self._store.redis),
        )
        needs = needs_key(settings)
        return [each.router(needs) for each in (calls, job_calls, model_calls)]

    async def health(self) -> Response:
        """Tells whether requests can be taken, and which part is missing if not."""
        broker, redis = self._broker.problem, await self._store.problem()
        health = Health(
            status="unavailable" if broker or redis else "ok",
            broker=broker or "ok",
            redis=redis or "ok",
            queue=self._broker.depth(FEATURES),
        )
        return JSONResponse(health.model_dump(), 200 if health.status == "ok" else 503)

    async def metrics(self) -> Response:
        """Returns the metrics for Prometheus."""
        self._counters.queue.set(self._broker.depth(FEATURES) or 0)
        return PlainTextResponse(self._counters.text())

    @asynccontextmanager
    async def _while_serving(self, _: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(run()) for run in (self.waiting.follow, self._outbox.run)]
        for task in tasks:
            task.add_done_callback(self._give_up)
        yield
        for task in tasks:
            task.cancel()
        self._threads.close()
        await self._store.redis.aclose()

    def _give_up(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self.give_up(task.exception())


_UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {"model": Health, "description": "A part is missing."}
}
