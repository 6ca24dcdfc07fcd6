"""Finds a job of either kind: a prediction, or a training."""

from collections.abc import Sequence
from typing import NoReturn

from gateway_errors import ExpiredJobError, UnknownJobError
from jobs.store import JobStore
from schemas.jobs import Job
from schemas.trainings import TrainingJob
from trainings.store import Trainings


class JobLookup:
    """Finds jobs. Raises ExpiredJobError for one that is gone, UnknownJobError for no job."""

    def __init__(self, store: JobStore, trainings: Trainings) -> None:
        self._store = store
        self._trainings = trainings

    async def predictions(self, job_ids: Sequence[str]) -> list[Job]:
        """Returns the current states of predictions."""
        jobs = await self._store.read(job_ids)
        for job_id, job in zip(job_ids, jobs, strict=True):
            if job is None:
                await self._refuse(job_id)
        return [job for job in jobs if job is not None]

    async def either(self, job_id: str) -> Job | TrainingJob:
        """Returns the current state of a prediction or training."""
        found = await self.either_or_none(job_id)
        if found is None and await self._store.has_expired(job_id):
            found = await self.either_or_none(job_id)  # written between the two looks, perhaps
        return found or await self._refuse(job_id)

    async def either_or_none(self, job_id: str) -> Job | TrainingJob | None:
        """Returns the current state of a prediction or training; None if it is not there."""
        (job,) = await self._store.read([job_id])
        return job or await self._trainings.read(job_id)

    async def training(self, job_id: str) -> TrainingJob:
        """Returns the current state of a training."""
        return await self._trainings.read(job_id) or await self._refuse(job_id)

    async def _refuse(self, job_id: str) -> NoReturn:
        if await self._store.has_expired(job_id):
            raise ExpiredJobError(f"the job {job_id} has expired")
        hint = "; a + in a URL is written as %2B" if " " in job_id else ""
        raise UnknownJobError(f"there is no job {job_id}{hint}")
