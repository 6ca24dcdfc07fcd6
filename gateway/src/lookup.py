"""Finds a job of either kind: a prediction, or a training."""

from collections.abc import Sequence
from typing import NoReturn

from fastapi import HTTPException

from jobs import JobStore
from schemas import Job
from training_schemas import TrainingJob
from trainings import Trainings


class Lookup:
    """Each call raises HTTPException for a job that is not there: 410 if it once was, else 404."""

    def __init__(self, store: JobStore, trainings: Trainings) -> None:
        self._store = store
        self._trainings = trainings

    async def predictions(self, job_ids: Sequence[str]) -> list[Job]:
        """As they are now."""
        jobs = await self._store.read(job_ids)
        for job_id, job in zip(job_ids, jobs, strict=True):
            if job is None:
                await self._refuse(job_id)
        return [job for job in jobs if job is not None]

    async def either(self, job_id: str) -> Job | TrainingJob:
        """As it is now."""
        return await self.either_or_none(job_id) or await self._refuse(job_id)

    async def either_or_none(self, job_id: str) -> Job | TrainingJob | None:
        """As it is now, if it is there."""
        (job,) = await self._store.read([job_id])
        return job or await self._trainings.read(job_id)

    async def training(self, job_id: str) -> TrainingJob:
        """As it is now."""
        return await self._trainings.read(job_id) or await self._refuse(job_id)

    async def _refuse(self, job_id: str) -> NoReturn:
        if await self._store.has_expired(job_id):
            raise HTTPException(410, f"the job {job_id} has expired")
        hint = "; a + in a URL is written as %2B" if " " in job_id else ""
        raise HTTPException(404, f"there is no job {job_id}{hint}")
