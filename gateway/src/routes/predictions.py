"""The calls that reach the pipeline: predict, label."""

import asyncio
import re
from collections.abc import Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response

from gateway_settings import GatewaySettings
from jobs.intake import Intake
from jobs.job_lookup import Lookup
from jobs.outbox import Outbox
from jobs.store import JobStore, StoreError
from jobs.waiting import Waiting, until
from middleware.counters import Counters
from pipeline import queues
from pipeline.broker import Broker
from pipeline.messages import Message, id_text, number_text
from routes import problems
from schemas import ranges
from schemas.job_ids import JobId, JobIdInQuery
from schemas.predictions import Job, Jobs, Label, LabelTaken, PredictRequest, key_header

LONGEST_WAIT_SECONDS = 30
LOOK_AGAIN_SECONDS = 3.0  # in case nobody told us: a message of Redis can be lost
PREFERRED_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d+)", re.IGNORECASE)

Key = Annotated[
    str,
    key_header("A text of your own for this request: repeated with it, it is the same job."),
]
Prefer = Annotated[
    str,
    Header(description="`wait=5`: answer with the prediction, if it is there within 5 seconds."),
]


class Calls:
    """The handlers of predict and label, and what they depend on."""

    def __init__(  # noqa: PLR0913 (it is where all parts come together)
        self,
        settings: GatewaySettings,
        *,
        broker: Broker,
        store: JobStore,
        lookup: Lookup,
        outbox: Outbox,
        waiting: Waiting,
        counters: Counters,
    ) -> None:
        self._settings = settings
        self._broker = broker
        self._store = store
        self._lookup = lookup
        self._outbox = outbox
        self._waiting = waiting
        self._counters = counters
        self._asking = 0  # requests not yet in the queue
        self._tasks: set[asyncio.Task[None]] = set()  # keeps a reference, or they may be collected

    def router(self, needs: list[Any]) -> APIRouter:
        """Returns the routes: each path with its handler."""
        router = APIRouter(dependencies=needs, tags=["jobs"], responses=problems.ALWAYS)
        add = router.add_api_route
        add("/predict", self.predict, methods=["POST"], status_code=202, **problems.PREDICT)
        labels: dict[str, Any] = {"methods": ["POST"], "status_code": 202, **problems.LABEL}
        add("/label/{job_id}", self.label, **labels)
        add("/label", self.label_by_query, **labels)
        return router

    async def predict(
        self,
        request: Request,
        body: PredictRequest,
        response: Response,
        idempotency_key: Key = "",
        prefer: Prefer = "",
    ) -> Job | Jobs:
        """Asks the model for one patient, or for many.

        202 means that the broker has the request: from then on it is not lost.
        """
        self._outbox.check()  # first, so that a refused request leaves nothing behind
        self._refuse_a_long_queue()
        intake = Intake.of(body, idempotency_key)
        self._asking += 1
        try:
            jobs = await self._accept(intake)
        finally:
            self._asking -= 1
        seconds = seconds_of(prefer)
        if seconds and not all(job.has_ended for job in jobs):
            jobs = await self._jobs_after(jobs, seconds, request)
        if seconds and all(job.has_ended for job in jobs):
            response.status_code = 200
            response.headers["Preference-Applied"] = "wait"
        if intake.is_list:
            return Jobs.model_construct(jobs=jobs)
        response.headers["Location"] = jobs[0].location
        return jobs[0]

    async def label(self, job_id: JobId, body: Label) -> LabelTaken:
        """Tells the true value of a job, at any time: even after the job has expired.

        The job shows it once the broker has it. If it is told again, it is published again; equal
        ones make only one row.
        """
        self._outbox.check()
        value = body.value + 0.0  # the log must not hold -0.0
        first = await self._store.tell_label(job_id, value)
        if first != value:
            told_before = number_text(first)
            raise HTTPException(409, f"the true value for {job_id} was told before: {told_before}")
        await self._outbox.send(queues.Y_TRUE, Message([job_id], [value]))
        await self._store.confirm_label(job_id, value)
        self._counters.labels.inc()
        return LabelTaken(job_id=job_id, label=value, warnings=ranges.label_warnings(value))

    async def label_by_query(self, job_id: JobIdInQuery, body: Label) -> LabelTaken:
        """Tells the true value for any id, including one with a slash."""
        return await self.label(job_id, body)

    async def _accept(self, intake: Intake) -> list[Job]:
        """Writes the jobs, and returns once the broker has all of them."""
        known = await self._store.create(intake.jobs)
        message = intake.message(known)
        if message is not None:
            await self._outbox.send(queues.FEATURES, message)
            self._counters.jobs.inc(len(message.ids))
            self._note(self._store.confirm(list(map(id_text, message.ids))))
        if message is None or len(message.ids) < len(known):
            return await self._lookup.predictions([job.job_id for job in known])
        return [job.accepted() for job in known]

    def _note(self, noting: Coroutine[Any, Any, None]) -> None:
        """Runs the coroutine in the background, while the client already has its answer."""
        task = asyncio.create_task(noting)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _refuse_a_long_queue(self) -> None:
        waiting = (self._broker.depth(queues.FEATURES) or 0) + self._asking
        if waiting > self._settings.max_queue:
            raise HTTPException(
                429,
                f"{waiting:,} messages wait for the model, the most is "
                f"{self._settings.max_queue:,}: try again later",
                {"Retry-After": "1"},
            )

    async def _jobs_after(self, jobs: list[Job], seconds: float, request: Request) -> list[Job]:
        """Returns the jobs once all have ended, `seconds` have passed, or the client has gone."""
        job_ids = [job.job_id for job in jobs]
        deadline = asyncio.get_running_loop().time() + seconds
        with self._waiting.for_end_of(job_ids) as changed:
            while True:
                changed.clear()
                try:
                    jobs = await self._lookup.predictions(job_ids)
                except StoreError:
                    return jobs  # as they were, since the broker has them
                left = deadline - asyncio.get_running_loop().time()
                if left <= 0 or self._waiting.is_closed or all(job.has_ended for job in jobs):
                    return jobs
                await until(changed, min(left, LOOK_AGAIN_SECONDS))
                if await request.is_disconnected():
                    return jobs


def seconds_of(prefer: str) -> float:
    """Returns how many seconds a client would like to wait for the prediction itself.

    >>> seconds_of("respond-async, wait=5"), seconds_of("wait=99999"), seconds_of("wait=soon")
    (5.0, 30, 0)
    """
    found = PREFERRED_WAIT.search(prefer)
    return min(float(found[1]), LONGEST_WAIT_SECONDS) if found else 0
