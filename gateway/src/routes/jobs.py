"""The calls about jobs of either kind, and those that begin and cancel a training."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from jobs.job_lookup import Lookup
from jobs.store import ConflictError, StoreError
from jobs.waiting import Waiting, until
from routes import problems
from routes.predictions import LOOK_AGAIN_SECONDS, Key
from schemas.job_ids import JobIdInQuery
from schemas.predictions import Job
from schemas.trainings import TrainingJob, TrainRequest
from trainings.store import Trainings

LOOK_AT_TRAINING_SECONDS = 0.5  # nobody is told what the trainer does


class JobCalls:
    """The handlers of these calls, and what they depend on."""

    def __init__(self, lookup: Lookup, trainings: Trainings, waiting: Waiting) -> None:
        self._lookup = lookup
        self._trainings = trainings
        self._waiting = waiting

    def router(self, needs: list[Any]) -> APIRouter:
        """Returns the routes: each path with its handler."""
        router = APIRouter(dependencies=needs, responses=problems.ALWAYS)
        add = router.add_api_route
        jobs: dict[str, Any] = {"tags": ["jobs"], "methods": ["GET"]}
        add("/job", self.job_by_query, **jobs, **problems.JOB)
        add("/job/events", self.events_by_query, **jobs, **problems.EVENTS)
        add("/job/{job_id}", self.job, **jobs, **problems.JOB)
        add("/job/{job_id}/events", self.events, **jobs, **problems.EVENTS)
        trainings: dict[str, Any] = {"tags": ["trainings"], "methods": ["POST"]}
        add("/train", self.train, status_code=202, **trainings, **problems.TRAIN)
        add("/job/cancel", self.cancel_by_query, **trainings, **problems.CANCEL)
        add("/job/{job_id}/cancel", self.cancel, **trainings, **problems.CANCEL)
        return router

    async def train(
        self, body: TrainRequest, response: Response, idempotency_key: Key = ""
    ) -> TrainingJob:
        """Asks for a model to be trained; it is in the store once the job is completed."""
        job = await self._trainings.ask(body, idempotency_key)
        response.headers["Location"] = job.location
        return job

    async def job(self, job_id: str) -> Job | TrainingJob:
        """Returns the state of a job: a prediction, or a training."""
        return await self._lookup.either(job_id)

    async def events(self, job_id: str) -> Response:
        """Pushes each state of a job as an event, until it has ended."""
        job = await self._lookup.either(job_id)
        return StreamingResponse(self._states(job), media_type="text/event-stream")

    async def cancel(self, job_id: str) -> TrainingJob:
        """Cancels a training, whether it has begun or not: there will be no model.

        It is too late once the trainer has begun to store the model.
        """
        job = await self._lookup.either(job_id)
        if isinstance(job, Job):
            raise ConflictError(f"the job {job_id} is a prediction: only a training is given up")
        if not job.has_ended:
            await self._trainings.cancel(job_id)
            job = await self._lookup.training(job_id)
        if job.status != "cancelled":
            raise ConflictError(f"the training {job_id} has ended already: it is {job.status}")
        return job

    async def job_by_query(self, job_id: JobIdInQuery) -> Job | TrainingJob:
        """Returns the state of a job with any id, including one with a slash."""
        return await self.job(job_id)

    async def events_by_query(self, job_id: JobIdInQuery) -> Response:
        """Pushes the states of a job with any id, including one with a slash."""
        return await self.events(job_id)

    async def cancel_by_query(self, job_id: JobIdInQuery) -> TrainingJob:
        """Cancels a training with any id, including one with a slash."""
        return await self.cancel(job_id)

    async def _states(self, job: Job | TrainingJob) -> AsyncIterator[bytes]:
        seconds = LOOK_AGAIN_SECONDS if isinstance(job, Job) else LOOK_AT_TRAINING_SECONDS
        with self._waiting.for_end_of([job.job_id]) as changed:
            shown: Job | TrainingJob | None = None
            while not self._waiting.is_closed:
                changed.clear()
                try:
                    now = await self._lookup.either_or_none(job.job_id)
                except StoreError:
                    return  # the reader connects again, and is told then
                if now is None:
                    yield b"event: expired\ndata: {}\n\n"
                    return
                if now != shown:
                    yield b"event: job\ndata: %s\n\n" % now.model_dump_json().encode()
                    shown = now
                if now.has_ended:
                    return
                if not await until(changed, seconds):
                    yield b": still here\n\n"
