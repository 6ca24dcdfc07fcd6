"""Makes a change, and waits until the processes of `model` follow it."""

import asyncio
import logging
from collections.abc import Callable

from jobs.outbox import Outbox
from pipeline.broker import Broker
from pipeline.model_store.records import Change
from pipeline.model_store.store import DamagedError, ModelStore, ModelStoreError
from schemas.changes import Changed, ChangeOut, ReplicaOut, fresh
from threads import SlowError, Threads

log = logging.getLogger(__name__)

FOLLOW_SECONDS = 2.0  # in which every process of `model` follows, or says why not
POLL_SECONDS = 0.1


class Rollout:
    """The way of a change into the model store, then to the processes of `model`."""

    def __init__(self, store: ModelStore, threads: Threads, broker: Broker, outbox: Outbox) -> None:
        self._store = store
        self._threads = threads
        self._broker = broker
        self._outbox = outbox

    async def make(self, change_models: Callable[[], Change]) -> Changed:
        """Runs the blocking call that makes the change; returns it, and who follows it.

        Raises what the call raises, SlowError, and BrokerAwayError.
        """
        self._outbox.check()  # first, so that a change that nobody hears of leaves no trace
        change = await self._threads.run(change_models)
        replicas: list[ReplicaOut] = []
        try:
            await self._threads.run(self._broker.announce_change)
            replicas = await self._followers(change.number)
        except (ModelStoreError, DamagedError, SlowError) as error:
            # The change is made: after an error the client would ask for it again.
            log.warning("cannot tell which processes follow change %d: %s", change.number, error)
        return Changed(change=ChangeOut.of(change), replicas=replicas)

    async def _followers(self, number: int) -> list[ReplicaOut]:
        """Returns the reports of the processes of `model` once all know of it, or time is up."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + FOLLOW_SECONDS
        while True:
            replicas = fresh(await self._threads.run(self._store.replicas))
            if all(replica.change >= number for replica in replicas) or loop.time() > deadline:
                return replicas
            await asyncio.sleep(POLL_SECONDS)
