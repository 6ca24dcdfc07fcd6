"""Finds a job of either kind: a prediction, or a training."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway_errors import ExpiredJobError, UnknownJobError
from jobs.store import JobStore
from schemas.jobs import Job
from schemas.trainings import TrainingJob
from trainings.store import Trainings

J = TypeVar("J")


class JobLookup:
    """Finds jobs. Raises ExpiredJobError for one that is gone, UnknownJobError for no job."""

    def __init__(self, store: JobStore, trainings: Trainings) -> None:
        self._store = store
        self._trainings = trainings

    async def predictions(self, job_ids: Sequence[str]) -> list[Job]:
        """Returns the current states of predictions."""
        found = zip(job_ids, await self._store.read(job_ids), strict=True)
        return [
            await self._again(job_id, self._prediction) if job is None else job
            for job_id, job in found
        ]

    async def either(self, job_id: str) -> Job | TrainingJob:
        """Returns the current state of a prediction or training."""
        if (job := await self.either_or_none(job_id)) is not None:
            return job
        return await self._again(job_id, self.either_or_none)

    async def either_or_none(self, job_id: str) -> Job | TrainingJob | None:
        """Returns the current state of a prediction or training; None if it is not there."""
        return await self._prediction(job_id) or await self._trainings.read(job_id)

    async def training(self, job_id: str) -> TrainingJob:
        """Returns the current state of a training."""
        if (job := await self._trainings.read(job_id)) is not None:
            return job
        return await self._again(job_id, self._trainings.read)

    async def _prediction(self, job_id: str) -> Job | None:
        (job,) = await self._store.read([job_id])
        return job

    async def _again(self, job_id: str, read: Callable[[str], Awaitable[J | None]]) -> J:
        """Reads a job that was not there a second time: it may have been written meanwhile.

        That it was there must be known before, or a job that is new would have expired.
        """
        was_there = await self._store.was_there(job_id)
        if (job := await read(job_id)) is not None:
            return job
        if was_there:
            raise ExpiredJobError(f"the job {job_id} has expired")
        hint = "; a + in a URL is written as %2B" if " " in job_id else ""
        raise UnknownJobError(f"there is no job {job_id}{hint}")
