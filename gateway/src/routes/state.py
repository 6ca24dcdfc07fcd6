"""The parts of the gateway that its routes use, built at the start and kept in its state."""

from typing import Annotated, NamedTuple

from fastapi import Depends, Request

from asked.asked_models import AskedModels
from counters import Counters
from gateway_errors import BrokerAwayError, JobStoreError
from gateway_settings import GatewaySettings
from held_out import HeldOut
from jobs.job_lookup import JobLookup
from jobs.labels import Labels
from jobs.outbox import Outbox
from jobs.store import JobStore
from jobs.submissions import Submissions
from jobs.waiting import Waiting
from known_models import KnownModels
from pipeline.broker import Broker
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema
from plot_client import PlotClient
from promotion.registry import Registry
from promotion.rollbacks import Rollbacks
from promotion.rollout import Rollout
from threads import Threads
from trainings.store import Trainings


class AppState(NamedTuple):
    """One gateway: `app.state.gateway`."""

    settings: GatewaySettings
    schema: Schema
    asked: AskedModels
    held_out: HeldOut
    broker: Broker
    counters: Counters
    threads: Threads
    outbox: Outbox
    jobs: JobStore
    labels: Labels
    waiting: Waiting
    submissions: Submissions
    trainings: Trainings
    lookup: JobLookup
    models: ModelStore
    known_models: KnownModels
    registry: Registry
    rollout: Rollout
    rollbacks: Rollbacks
    plot: PlotClient

    async def check_ready(self) -> None:
        """Raises BrokerAwayError or JobStoreError if requests cannot be taken now."""
        if broker := self.broker.problem:
            raise BrokerAwayError(broker)
        if redis := await self.jobs.problem():
            raise JobStoreError(redis)


async def _state_of(request: Request) -> AppState:
    state: AppState = request.app.state.gateway
    return state


State = Annotated[AppState, Depends(_state_of)]
