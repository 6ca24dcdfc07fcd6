"""The calls about jobs of either kind: a prediction, or a training."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from gateway_errors import JobStoreError
from jobs.waiting import until
from routes.responses import ALWAYS, GONE
from routes.state import AppState, State
from routes.until_ended import POLL_SECONDS
from schemas.job_ids import JobIdInQuery
from schemas.jobs import Job
from schemas.trainings import TrainingJob

POLL_TRAINING_SECONDS = 0.5  # the trainer announces nothing

router = APIRouter(tags=["jobs"], responses=ALWAYS)

JOB: dict[str, Any] = {"summary": "Get a job", "responses": GONE}
EVENTS: dict[str, Any] = {
    "summary": "Follow a job",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Events `job`, each with the job as JSON, or one event `expired`.",
            "content": {
                "text/event-stream": {
                    "itemSchema": {
                        "type": "object",
                        "properties": {
                            "event": {"enum": ["job", "expired"]},
                            "data": {"type": "string", "contentMediaType": "application/json"},
                        },
                        "required": ["event", "data"],
                    }
                }
            },
        },
        **GONE,
    },
}


@router.get("/job", **JOB)
async def job_by_query(job_id: JobIdInQuery, state: State) -> Job | TrainingJob:
    """Returns the state of a job with any id, including one with a slash."""
    return await job(job_id, state)


@router.get("/job/events", **EVENTS)
async def events_by_query(job_id: JobIdInQuery, state: State) -> Response:
    """Pushes the states of a job with any id, including one with a slash."""
    return await events(job_id, state)


@router.get("/job/{job_id}", **JOB)
async def job(job_id: str, state: State) -> Job | TrainingJob:
    """Returns the state of a job: a prediction, or a training."""
    return await state.lookup.either(job_id)


@router.get("/job/{job_id}/events", **EVENTS)
async def events(job_id: str, state: State) -> Response:
    """Pushes each state of a job as a server-sent event until the job has ended."""
    first = await state.lookup.either(job_id)
    return StreamingResponse(_states(first, state), media_type="text/event-stream")


async def _states(job: Job | TrainingJob, state: AppState) -> AsyncIterator[bytes]:
    seconds = POLL_SECONDS if isinstance(job, Job) else POLL_TRAINING_SECONDS
    with state.waiting.for_end_of([job.job_id]) as changed:
        shown: Job | TrainingJob | None = None
        while not state.waiting.is_closed:
            changed.clear()
            try:
                now = await state.lookup.either_or_none(job.job_id)
            except JobStoreError:
                return  # the client reconnects, and gets the error then
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
