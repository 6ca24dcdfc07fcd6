"""The calls that reach the pipeline: predict, label."""

import asyncio
import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from gateway_errors import ConflictError, JobStoreError
from jobs.waiting import until
from pipeline.messages import Label, Message, number_text
from pipeline.queues import Y_TRUE
from pipeline.table.schema import Schema
from routes.responses import ALWAYS, BODY, WITH_LOCATION, error
from routes.state import AppState, State
from schemas.base import key_header
from schemas.job_ids import JobId, JobIdInQuery
from schemas.jobs import Job, Jobs, LabelTaken, label_type
from schemas.predictions import request_type

MAX_WAIT_SECONDS = 30
POLL_SECONDS = 3.0  # a message of Redis can be lost
PREFERRED_WAIT = re.compile(r"(?:^|,)\s*wait\s*=\s*\"?(\d+)", re.IGNORECASE)

Key = Annotated[
    str,
    key_header("A text of your own. A request repeated with the same text returns the same job."),
]
Prefer = Annotated[
    str,
    Header(description="`wait=5`: wait up to 5 seconds for the prediction."),
]

PREDICT: dict[str, Any] = {
    "status_code": 202,
    "summary": "Ask the model",
    "response_description": "The broker has the request. The model answers in turn.",
    "responses": {
        200: {"model": Job | Jobs, "description": "The prediction, if the client waited for it."},
        202: WITH_LOCATION,
        409: error("The id or the Idempotency-Key was used before, with other data."),
        410: error("The job expired while the client waited."),
        429: error("Too many messages wait for the model: retry later."),
        **BODY,
    },
}
LABEL: dict[str, Any] = {
    "status_code": 202,
    "summary": "Send the true value",
    "response_description": "The broker has the value, and the job shows it. It is joined with "
    "the prediction of this id.",
    "responses": {
        409: error("Another value was sent before, perhaps by a request that ended with 503."),
        **BODY,
    },
}


def router_of(schema: Schema) -> APIRouter:
    """Returns the calls whose bodies the schema of the data set describes."""
    router = APIRouter(tags=["jobs"], responses=ALWAYS)
    row_body: Any = request_type(schema)
    label_body: Any = label_type(schema)

    @router.post("/predict", **PREDICT)
    async def predict(  # noqa: PLR0913, PLR0917 (the first four are FastAPI's)
        request: Request,
        body: row_body,
        response: Response,
        state: State,
        idempotency_key: Key = "",
        prefer: Prefer = "",
    ) -> Job | Jobs:
        """Asks the model for one row, or for many.

        202 means that the broker has the request: it will not be lost.
        """
        state.submissions.check()  # first, so that a refused request leaves nothing behind
        intake = state.intakes.read(body, idempotency_key)
        jobs = await state.submissions.submit(intake)
        if seconds := seconds_of(prefer):
            jobs = await _jobs_after(jobs, seconds, request, state)
            if all(job.has_ended for job in jobs):
                response.status_code = 200
                response.headers["Preference-Applied"] = "wait"
        if intake.is_list:
            return Jobs.model_construct(jobs=jobs)
        response.headers["Location"] = jobs[0].location
        return jobs[0]

    @router.post("/label/{job_id}", **LABEL)
    async def label(job_id: JobId, body: label_body, state: State) -> LabelTaken:
        """Sends the true value of a job, at any time, even after the job has expired.

        The job shows it once the broker has it. Sending the same value again is safe: it makes
        only one row.
        """
        return await _label(job_id, body.value, state)

    @router.post("/label", **LABEL)
    async def label_by_query(job_id: JobIdInQuery, body: label_body, state: State) -> LabelTaken:
        """Sends the true value for any id, including one with a slash."""
        return await _label(job_id, body.value, state)

    return router


async def _label(job_id: str, value: Label, state: AppState) -> LabelTaken:
    state.outbox.check()
    if isinstance(value, float):
        value += 0.0  # the log must not hold -0.0
    first = await state.jobs.tell_label(job_id, value)
    if first != value:
        shown = first if isinstance(first, str) else number_text(first)
        raise ConflictError(f"another true value was sent for {job_id} before: {shown}")
    await state.outbox.send(Y_TRUE, Message([job_id], [value]))
    await state.jobs.confirm_label(job_id, value)
    state.counters.labels.inc()
    return LabelTaken(job_id=job_id, label=value, warnings=state.ranges.label_warnings(value))


async def _jobs_after(
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
