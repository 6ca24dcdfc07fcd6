"""Submits requests: writes their jobs, and publishes their rows for the model."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from counters import Counters
from gateway_errors import QueueFullError
from jobs.intake import Intake
from jobs.job_lookup import JobLookup
from jobs.outbox import Outbox
from jobs.store import JobStore
from pipeline.broker import Broker
from pipeline.messages import id_text
from schemas.jobs import Job


class Submissions:
    """The way of requests to the model, as long as its queue is not too long."""

    def __init__(  # noqa: PLR0913
        self,
        *,
        broker: Broker,
        store: JobStore,
        lookup: JobLookup,
        outbox: Outbox,
        counters: Counters,
        max_queue: int,
    ) -> None:
        self._broker = broker
        self._store = store
        self._lookup = lookup
        self._outbox = outbox
        self._counters = counters
        self._max_queue = max_queue
        self._submitting = 0  # requests not yet in the queue
        self._tasks: set[asyncio.Task[None]] = set()  # keeps a reference, or they may be collected

    def check(self, queue: str) -> None:
        """Raises BrokerAwayError or QueueFullError if this queue can take no request now."""
        self._outbox.check()
        waiting = (self._broker.depth(queue) or 0) + self._submitting
        if waiting > self._max_queue:
            raise QueueFullError(
                f"{waiting:,} messages wait for the model, and the limit is {self._max_queue:,}: "
                "try again later"
            )

    async def submit(self, intake: Intake, queue: str) -> list[Job]:
        """Writes the jobs, and returns once the broker has all of them in the queue.

        Raises BrokerAwayError, ConflictError, JobStoreError; ExpiredJobError if a job expired
        meanwhile.
        """
        self._submitting += 1
        try:
            return await self._submit(intake, queue)
        finally:
            self._submitting -= 1

    async def _submit(self, intake: Intake, queue: str) -> list[Job]:
        known = await self._store.create(intake.jobs)
        message = intake.message(known)
        if message is not None:
            await self._outbox.send(queue, message)
            self._counters.jobs.inc(len(message.ids))
            self._run_later(self._store.confirm(list(map(id_text, message.ids))))
        if message is None or len(message.ids) < len(known):
            return await self._lookup.predictions([job.job_id for job in known])
        return [job.accepted(intake.ask_model) for job in known]

    def _run_later(self, call: Coroutine[Any, Any, None]) -> None:
        """Runs the coroutine in the background, while the client already has its answer."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
