"""The call that asks a model: the live one, or one that is stored, by its id."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response

from pipeline.table.schema import Schema
from routes.responses import ALWAYS, BODY, WITH_LOCATION, error
from routes.state import State
from routes.until_ended import jobs_after, seconds_of
from schemas.base import key_header
from schemas.jobs import Job, Jobs
from schemas.predictions import AskModelRequest, asking_type

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
    "summary": "Ask a model",
    "response_description": "The broker has the request. The model answers in turn.",
    "responses": {
        200: {"model": Job | Jobs, "description": "The prediction, if the client waited for it."},
        202: WITH_LOCATION,
        404: error("There is no such model."),
        409: error(
            "The id or the Idempotency-Key was used before, with other data; or the data set of "
            "the model cannot be used."
        ),
        410: error("The job expired while the client waited."),
        429: error("Too many messages wait for the model: retry later."),
        500: error("The record of the model is damaged."),
        **BODY,
    },
}


def router_of(schema: Schema) -> APIRouter:
    """Returns the calls whose bodies the schema of the data set describes."""
    router = APIRouter(tags=["jobs"], responses=ALWAYS)
    row_body: Any = asking_type(schema)

    @router.post("/predict", **PREDICT)
    async def predict(  # noqa: PLR0913, PLR0917 (the first four are FastAPI's)
        request: Request,
        body: row_body,
        response: Response,
        state: State,
        idempotency_key: Key = "",
        prefer: Prefer = "",
    ) -> Job | Jobs:
        """Asks the live model for one row, or for many; with `model_id` the model of that id.

        202 means that the broker has the request: it will not be lost.
        """
        is_by_id = isinstance(body, AskModelRequest)
        asked = await state.asked.of(body.model_id) if is_by_id else state.asked.live
        state.submissions.check(asked.queue)  # first, so that a refused request costs little
        if is_by_id:
            intake = asked.checked(body.request(), idempotency_key)
        else:
            intake = asked.intake(body, idempotency_key)
        jobs = await state.submissions.submit(intake, asked.queue)
        if seconds := seconds_of(prefer):
            jobs = await jobs_after(jobs, seconds, request, state)
            if all(job.has_ended for job in jobs):
                response.status_code = 200
                response.headers["Preference-Applied"] = "wait"
        if intake.is_list:
            return Jobs.model_construct(jobs=jobs)
        response.headers["Location"] = jobs[0].location
        return jobs[0]

    return router
