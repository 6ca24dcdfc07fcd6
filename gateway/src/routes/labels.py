"""The calls that take labels: the true values of jobs."""

from typing import Any

from fastapi import APIRouter

from pipeline.messages import id_text
from pipeline.table.schema import Schema
from routes.responses import ALWAYS, BODY, error
from routes.state import State
from schemas.base import MisfitError
from schemas.job_ids import JobId, JobIdInQuery
from schemas.labels import LabelsTaken, LabelTaken, label_type, labels_type

CALL: dict[str, Any] = {
    "status_code": 202,
    "response_description": "The broker has the value, and the job shows it. It is joined with "
    "the prediction of this id.",
    "responses": {
        409: error("Another value was sent before, perhaps by a request that ended with 503."),
        **BODY,
    },
}
LABEL = CALL | {"summary": "Send the true value"}
LABELS = CALL | {"summary": "Send the true values of some jobs"}


def router_of(schema: Schema) -> APIRouter:
    """Returns the calls whose bodies the schema of the data set describes."""
    router = APIRouter(tags=["jobs"], responses=ALWAYS)
    one: Any = label_type(schema)
    many: Any = labels_type(schema)

    @router.post("/label/{job_id}", **LABEL)
    async def label(job_id: JobId, body: one, state: State) -> LabelTaken:
        """Sends the true value of a job, at any time, even after the job has expired.

        The job shows it once the broker has it. Sending the same value again is safe: it makes
        only one row.
        """
        return await state.labels.tell_one(job_id, body.value)

    @router.post("/label", **LABEL)
    async def label_by_query(job_id: JobIdInQuery, body: one, state: State) -> LabelTaken:
        """Sends the true value for any id, including one with a slash."""
        return await state.labels.tell_one(job_id, body.value)

    @router.post("/labels", **LABELS)
    async def labels(body: many, state: State) -> LabelsTaken:
        """Sends the true values of some jobs, all or none. Sending the same again is safe."""
        ids = [*map(id_text, body.id)]
        if len(ids) != len(body.value):
            raise MisfitError(f"{len(body.value)} values for {len(ids)} ids", "value")
        if len({*ids}) < len(ids):
            raise MisfitError("an id occurs twice", "id")
        return LabelsTaken(labels=await state.labels.tell(ids, body.value))

    return router
