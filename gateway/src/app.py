"""The application: its parts, its routes, and the tasks that run while it serves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

import description
from asked.asked_models import AskedModels
from counters import Counters
from gateway_settings import GatewaySettings
from held_out import HeldOut
from jobs.job_lookup import JobLookup
from jobs.label_rules import RulesByDataSet
from jobs.label_store import LabelStore
from jobs.labels import Labels
from jobs.outbox import Outbox
from jobs.store import JobStore
from jobs.submissions import Submissions
from jobs.waiting import Waiting
from known_models import KnownModels
from middleware.access import keep_pages_out, needs_key
from middleware.body_limit import BodyLimit
from middleware.protocol_errors import ProtocolErrors
from middleware.request_timer import RequestTimer
from pipeline.broker import Broker
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema
from pipeline.web.background import background_tasks
from pipeline.web.server import WebServer
from plot_client import PlotClient
from promotion.registry import Registry
from promotion.rollbacks import Rollbacks
from promotion.rollout import Rollout
from redis_store import connect
from routes import (
    browsers,
    error_handlers,
    health,
    inference,
    inference_server,
    jobs,
    labels,
    models,
    pages,
    predictions,
    trainings,
)
from routes.state import AppState
from schemas.predictions import max_body_bytes, max_body_values
from threads import Threads
from trainings.store import Trainings
from trainings.task_queue import TaskQueue

MAX_CONNECTIONS = 2000
DESCRIPTION = """
Send a row and get a job at once. Read the prediction when the job is completed, and send the
true value once you know it. The id of the job is the id of its row in `metric_log.csv`.
"""


class Api(WebServer):
    """The HTTP server of the gateway. Raises WebError if it cannot listen."""

    def __init__(
        self, settings: GatewaySettings, schema: Schema, broker: Broker, counters: Counters
    ) -> None:
        self._redis = connect(str(settings.redis_url))
        self.waiting = Waiting(self._redis, settings.key_prefix)
        self._state = self._parts(settings, schema, broker, counters)
        app = FastAPI(
            title=f"Ask the model: {schema.title or schema.name}",
            description=DESCRIPTION,
            docs_url=None,
            redoc_url=None,
            lifespan=self._while_serving,
        )
        app.state.gateway = self._state
        app.include_router(browsers.router)  # first: it takes paths of calls
        by_schema = (predictions.router_of(schema), labels.router_of(schema))
        others = (jobs.router, trainings.router, models.router, inference.router)
        for router in (*by_schema, *others):
            app.include_router(router, dependencies=needs_key(settings))
        app.include_router(health.router)
        app.include_router(inference_server.router)
        app.include_router(pages.router)
        limits = {"max_bytes": max_body_bytes(schema), "max_values": max_body_values(schema)}
        app.add_middleware(BodyLimit, **limits)
        keep_pages_out(app, settings)
        app.add_middleware(RequestTimer, counters=counters)
        app.add_middleware(ProtocolErrors)
        error_handlers.install(app, schema)
        description.complete(app, schema)
        super().__init__(
            app,
            "gateway",
            "GATEWAY",
            (settings.gateway_host, settings.gateway_port),
            max_connections=MAX_CONNECTIONS,
            let_go=self.waiting.close,
            shown_url=settings.shown_url,
        )

    def _parts(
        self, settings: GatewaySettings, schema: Schema, broker: Broker, counters: Counters
    ) -> AppState:
        threads, outbox = Threads(), Outbox(broker, settings.job_ttl)
        rules = RulesByDataSet(schema, settings.datasets_dir)
        store = JobStore(self._redis, settings.job_ttl, settings.key_prefix, rules.classes_of)
        label_store = LabelStore(self._redis, settings.job_ttl, settings.key_prefix)
        trainings = Trainings(self._redis, TaskQueue(settings), threads, settings)
        lookup = JobLookup(store, trainings)
        models = ModelStore(settings.model_store, settings.own_place)
        held_out = HeldOut(schema, settings.datasets_dir)
        registry = Registry(models, settings.max_rmse_rise, held_out, threads.checkpoint)
        plot = PlotClient(settings.plot_url)
        return AppState(
            settings=settings,
            schema=schema,
            asked=AskedModels(models, schema, settings, threads),
            held_out=held_out,
            broker=broker,
            counters=counters,
            threads=threads,
            outbox=outbox,
            jobs=store,
            labels=Labels(label_store, outbox, counters, rules),
            waiting=self.waiting,
            submissions=Submissions(
                broker=broker,
                store=store,
                lookup=lookup,
                outbox=outbox,
                counters=counters,
                max_queue=settings.max_queue,
            ),
            trainings=trainings,
            lookup=lookup,
            models=models,
            known_models=KnownModels(
                store=models,
                registry=registry,
                schema=schema,
                datasets_dir=settings.datasets_dir,
                plot=plot,
                redis=self._redis,
                prefix=settings.key_prefix,
                threads=threads,
            ),
            registry=registry,
            rollout=Rollout(models, threads, broker, outbox),
            rollbacks=Rollbacks(self._redis, settings.key_prefix),
            plot=plot,
        )

    @asynccontextmanager
    async def _while_serving(self, _: FastAPI) -> AsyncIterator[None]:
        runs = (self.waiting.follow, self._state.outbox.run)
        async with self._state.plot.connected(), background_tasks(*runs, give_up=self.give_up):
            yield
        self._state.threads.close()
        await self._redis.aclose()
