"""The calls that begin and cancel a training."""

from typing import Any

from fastapi import APIRouter, Response

from gateway_errors import ConflictError
from routes.predictions import Key
from routes.responses import ALWAYS, BODY, GONE, WITH_LOCATION, error
from routes.state import State
from schemas.job_ids import JobIdInQuery
from schemas.jobs import Job
from schemas.trainings import TrainingJob, TrainRequest
from trainings.completion import completed

router = APIRouter(tags=["trainings"], responses=ALWAYS)

CANCEL: dict[str, Any] = {
    "summary": "Cancel a training",
    "response_description": "The training is cancelled; no model is stored.",
    "responses": {
        409: error(
            "The training has ended, its model is being stored, or the job is a prediction."
        ),
        **GONE,
    },
}


@router.post(
    "/train",
    status_code=202,
    summary="Train a model",
    response_description="The broker has the task. A trainer takes it in turn.",
    responses={
        202: WITH_LOCATION,
        409: error("The Idempotency-Key was used before for another training."),
        429: error("Too many trainings wait for the trainer: retry later."),
        **BODY,
    },
)
async def train(
    body: TrainRequest, response: Response, state: State, idempotency_key: Key = ""
) -> TrainingJob:
    """Starts the training of a model, which is in the store once the job is completed.

    All fields have defaults. The warnings say why the model could not be promoted here.
    """
    complete, warnings = await state.threads.run(
        lambda: completed(body, state.schema, state.settings.datasets_dir)
    )
    job = await state.trainings.submit(complete, warnings, idempotency_key)
    response.headers["Location"] = job.location
    return job


@router.post("/job/cancel", **CANCEL)
async def cancel_by_query(job_id: JobIdInQuery, state: State) -> TrainingJob:
    """Cancels a training with any id, including one with a slash."""
    return await cancel(job_id, state)


@router.post("/job/{job_id}/cancel", **CANCEL)
async def cancel(job_id: str, state: State) -> TrainingJob:
    """Cancels a training, whether it has begun or not: no model is stored.

    It is too late once the trainer has begun to store the model.
    """
    job = await state.lookup.either(job_id)
    if isinstance(job, Job):
        raise ConflictError(f"the job {job_id} is a prediction: only a training can be cancelled")
    if not job.has_ended:
        await state.trainings.cancel(job_id)
        job = await state.lookup.training(job_id)
    if job.status != "cancelled":
        raise ConflictError(f"the training {job_id} has ended already: it is {job.status}")
    return job
