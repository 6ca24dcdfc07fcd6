"""Schemas of jobs and labels: a question to the model, its answer, and the true value."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.base import Number, Strict

DONE: Any = {
    "job_id": "patient-7",
    "status": "completed",
    "prediction": 208.93459624646934,
    "model_id": "83f54457c2f9",
    "reason": None,
    "warnings": [],
    "created_at": "2026-11-22T11:37:13.696000Z",
    "confirmed_at": "2026-11-22T11:37:13.717000Z",
    "completed_at": "2026-11-22T11:37:13.734000Z",
    "label": 151.0,
    "absolute_error": 57.93459624646934,
    "location": "/job/patient-7",
}

Status = Literal["pending", "processing", "completed", "failed"]


class Job(BaseModel):
    """A question to the model, and its answer once that is there.

    Values are in points of disease progression.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [DONE]})

    job_id: str
    status: Status = Field(
        description="`pending`: written, not yet confirmed by the broker. `processing`: the broker "
        "has it, and the model answers in turn. `completed`, `failed`: the job has ended. A "
        "`completed` job fails if its id turns out to belong to another row."
    )
    prediction: float | None = None
    model_id: str | None = Field(None, description="The model that answered.")
    reason: str | None = Field(None, description="Why there is no valid prediction.")
    warnings: list[str] = Field(
        [], description="A sentence for each value outside the data set's range."
    )
    created_at: datetime
    confirmed_at: datetime | None = None
    completed_at: datetime | None = None
    label: float | None = Field(None, description="The true value, once it was sent.")
    absolute_error: float | None = None
    location: str = Field(description="The path of this job.")

    @property
    def has_ended(self) -> bool:
        """True if the job is final."""
        return self.status in {"completed", "failed"}


class Jobs(BaseModel):
    """One job for each patient, in their order."""

    jobs: list[Job]


class Label(Strict):
    """The true value for a job."""

    value: Number = Field(
        description="Disease progression one year after baseline, 25 to 346 in the data set. Other "
        "values are accepted with a warning: the id may belong to a service with another target.",
        examples=[151.0],
    )


class LabelTaken(BaseModel):
    """The true value is on its way to be joined with the prediction of this id."""

    job_id: str = Field(examples=["patient-7"])
    label: float = Field(examples=[151.0])
    warnings: list[str] = Field(
        [], description="A sentence if the value is outside the data set's range."
    )
