"""The calls about models: list, promote, run as shadow, roll back, delete."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from msgspec import to_builtins

from jobs.outbox import Outbox
from pipeline.broker import Broker
from pipeline.model_store.records import REPORT_SECONDS, Change, Model, Replica
from pipeline.model_store.store import DamagedError, ModelStore, ModelStoreError
from promotion.registry import Registry
from promotion.rollbacks import Rollbacks
from routes import problems
from schemas.models import (
    Changed,
    ChangeOut,
    ChangesOut,
    ModelOut,
    ModelsOut,
    Promotion,
    PromotionOut,
    ReplicaOut,
)
from schemas.predictions import key_header
from schemas.trainings import NAME_PATTERN
from threads import SlowError, Threads

log = logging.getLogger(__name__)

UNFORCED = Promotion()  # used if there is no body
FOLLOW_SECONDS = 2.0  # in which every process of `model` follows, or says why not
LOOK_AGAIN_SECONDS = 0.1
FRESH = timedelta(seconds=3 * REPORT_SECONDS)  # a process silent for longer is gone

ModelId = Annotated[str, Path(pattern=NAME_PATTERN, examples=["ridge-7f3a9c2b41de"])]
Key = Annotated[
    str,
    key_header(
        "A text of your own for this change: repeated with it, it is the same change, for good."
    ),
]


class ModelCalls:
    """The handlers of these calls, and what they depend on."""

    def __init__(  # noqa: PLR0913 (it is where all parts come together)
        self,
        *,
        store: ModelStore,
        registry: Registry,
        threads: Threads,
        outbox: Outbox,
        broker: Broker,
        rollbacks: Rollbacks,
    ) -> None:
        self._store = store
        self._registry = registry
        self._threads = threads
        self._outbox = outbox
        self._broker = broker
        self._rollbacks = rollbacks

    def router(self, needs: list[Any]) -> APIRouter:
        """Returns the routes: each path with its handler."""
        router = APIRouter(dependencies=needs, tags=["models"], responses=problems.STORE)
        add = router.add_api_route
        one = "/models/{model_id}"
        add("/models", self.models, methods=["GET"], **problems.MODELS)
        add(one, self.model, methods=["GET"], **problems.MODEL)
        add(one, self.delete, methods=["DELETE"], status_code=204, **problems.DELETE)
        add(f"{one}/promote", self.promote, methods=["POST"], **problems.PROMOTE)
        add(f"{one}/promote", self.promotion, methods=["GET"], **problems.PROMOTION)
        add(f"{one}/shadow", self.shadow, methods=["POST"], **problems.SHADOW)
        add("/shadow", self.unshadow, methods=["DELETE"], **problems.UNSHADOW)
        add("/rollback", self.rollback, methods=["POST"], **problems.ROLLBACK)
        add("/changes", self.changes, methods=["GET"], **problems.CHANGES)
        return router

    async def models(self) -> ModelsOut:
        """Lists all models, and tells which of them answers."""
        look = await self._threads.run(self._registry.look)
        return ModelsOut(
            live=look.last.live if look.last else None,
            shadow=look.last.shadow if look.last else None,
            models=[_model(model, look.last) for model in look.models],
        )

    async def model(self, model_id: ModelId) -> ModelOut:
        """Returns what is known of a model."""
        model = await self._threads.run(lambda: self._registry.model(model_id))
        last = await self._threads.run(self._store.last_change)
        return _model(model, last)

    async def promote(
        self, model_id: ModelId, body: Promotion = UNFORCED, idempotency_key: Key = ""
    ) -> Changed:
        """Lets a model answer from now on, if it loads, fits, and is not too much worse."""
        return await self._change(
            lambda: self._registry.promote(model_id, body.force, idempotency_key)
        )

    async def promotion(self, model_id: ModelId) -> PromotionOut:
        """Says whether a model would be promoted now, and changes nothing."""
        return PromotionOut(
            refusal=await self._threads.run(lambda: self._registry.refusal(model_id))
        )

    async def shadow(self, model_id: ModelId, idempotency_key: Key = "") -> Changed:
        """Lets a model predict the same rows as the live model, to be scored on the same labels."""
        return await self._change(lambda: self._registry.shadow(model_id, idempotency_key))

    async def unshadow(self, idempotency_key: Key = "") -> Changed:
        """Ends the trial of the shadow model."""
        return await self._change(lambda: self._registry.unshadow(idempotency_key))

    async def rollback(self, idempotency_key: Key = "") -> Changed:
        """Goes back to the model before the last promotion.

        Of two rollbacks at the same moment one succeeds, and the other gets 409. A second one goes
        back one promotion more: if an answer was lost, repeat the request with its
        `Idempotency-Key`.
        """
        async with self._rollbacks.turn(idempotency_key):
            return await self._change(lambda: self._registry.rollback(idempotency_key))

    async def changes(self) -> ChangesOut:
        """Lists all changes, and what each process of `model` answers with."""
        changes = await self._threads.run(self._store.changes)
        replicas = await self._threads.run(self._store.replicas)
        return ChangesOut(
            changes=[_change(change) for change in reversed(changes)], replicas=_fresh(replicas)
        )

    async def delete(self, model_id: ModelId) -> Response:
        """Removes a model that is not in use."""
        await self._threads.run(lambda: self._registry.delete(model_id))
        return Response(status_code=204)

    async def _change(self, make: Callable[[], Change]) -> Changed:
        self._outbox.check()  # first, so that a change that nobody hears of leaves no trace
        change = await self._threads.run(make)
        replicas: list[ReplicaOut] = []
        try:
            await self._threads.run(self._broker.announce_change)
            replicas = await self._followers(change.number)
        except (ModelStoreError, DamagedError, SlowError) as error:
            # The change is made: if the client were told of a failure, it would ask for it again.
            log.warning("who follows change %d is not known: %s", change.number, error)
        return Changed(change=_change(change), replicas=replicas)

    async def _followers(self, number: int) -> list[ReplicaOut]:
        """Returns the reports of the processes of `model` once all know of it, or time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FOLLOW_SECONDS
        while True:
            replicas = _fresh(await self._threads.run(self._store.replicas))
            if all(replica.change >= number for replica in replicas) or loop.time() > deadline:
                return replicas
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _model(model: Model, last: Change | None) -> ModelOut:
    states = {last.shadow: "shadow", last.live: "live"} if last else {}
    return ModelOut(**to_builtins(model), state=states.get(model.model_id, "stored"))


def _change(change: Change) -> ChangeOut:
    return ChangeOut(**to_builtins(change))


def _fresh(replicas: list[Replica]) -> list[ReplicaOut]:
    told = [ReplicaOut(**to_builtins(replica)) for replica in replicas]
    return [replica for replica in told if datetime.now(UTC) - replica.at < FRESH]
