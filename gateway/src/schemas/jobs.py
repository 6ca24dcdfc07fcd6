"""Schemas of jobs: a question to the model, and its answer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

Status = Literal["pending", "processing", "completed", "failed"]


class Job(BaseModel):
    """A question to the model, and its answer once that is there."""

    job_id: str
    status: Status = Field(
        description="`pending`: written, not yet confirmed by the broker. `processing`: the broker "
        "has it, and the model answers in turn. `completed`, `failed`: the job has ended. A "
        "`completed` job fails if its id turns out to belong to another row."
    )
    prediction: float | str | None = Field(
        None, description="A number, in the unit of the target, or the most probable class."
    )
    probabilities: dict[str, float] | None = Field(
        None, description="By class, if the model told them; null if a number is predicted."
    )
    model_id: str | None = Field(None, description="The model that answered.")
    asked_model: str | None = Field(
        None, description="The model that was asked by its id; null for the live one."
    )
    reason: str | None = Field(None, description="Why there is no valid prediction.")
    warnings: list[str] = Field(
        [],
        description="A sentence for each value outside the data set's range, or that is none of "
        "its categories.",
    )
    created_at: datetime
    confirmed_at: datetime | None = None
    completed_at: datetime | None = None
    label: float | str | None = Field(None, description="The true value, once it was sent.")
    absolute_error: float | None = Field(
        None,
        description="|label − prediction|; for classes 1 less the probability of the label, and 0 "
        "or 1 if only a class was told.",
    )
    location: str = Field(description="The path of this job.")

    @property
    def has_ended(self) -> bool:
        """True if the job is final."""
        return self.status in {"completed", "failed"}


class Jobs(BaseModel):
    """One job for each row, in their order."""

    jobs: list[Job]
