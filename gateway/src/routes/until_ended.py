"""Waits for the ends of jobs, as long as the client would like to, and is there."""

import asyncio
import re

from fastapi import Request

from gateway_errors import JobStoreError
from jobs.waiting import until
from routes.state import AppState
from schemas.jobs import Job

MAX_WAIT_SECONDS = 30
POLL_SECONDS = 3.0  # a message of Redis can be lost
PREFERRED_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d+)", re.IGNORECASE)


async def jobs_after(
    jobs: list[Job], seconds: float, request: Request, state: AppState
) -> list[Job]:
    """Returns the jobs once all have ended, `seconds` have passed, or the client has gone."""
    if all(job.has_ended for job in jobs):
        return jobs
    job_ids = [job.job_id for job in jobs]
    deadline = asyncio.get_running_loop().time() + seconds
    with state.waiting.for_end_of(job_ids) as changed:
        while True:
            changed.clear()
            try:
                jobs = await state.lookup.predictions(job_ids)
            except JobStoreError:
                return jobs  # as they were, since the broker has them
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0 or state.waiting.is_closed or all(job.has_ended for job in jobs):
                return jobs
            await until(changed, min(left, POLL_SECONDS))
            if await request.is_disconnected():
                return jobs


def seconds_of(prefer: str) -> float:
    """Returns how many seconds a client would like to wait for the prediction itself.

    >>> seconds_of("respond-async, wait=5"), seconds_of("wait=99999"), seconds_of("wait=soon")
    (5.0, 30, 0)
    """
    found = PREFERRED_WAIT.search(prefer)
    return min(float(found[1]), MAX_WAIT_SECONDS) if found else 0
