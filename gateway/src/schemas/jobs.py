"""Schemas of jobs and labels: a question to the model, its answer, and the true value."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainValidator, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from pipeline.table import example_values
from pipeline.table.schema import Schema
from pipeline.table.value_errors import listed
from schemas.base import Number, Strict

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


class LabelTaken(BaseModel):
    """The true value is on its way to be joined with the prediction of this id."""

    job_id: str = Field(examples=["row-7"])
    label: float | str
    warnings: list[str] = Field(
        [], description="A sentence if the value is outside the data set's range."
    )


def label_type(schema: Schema) -> type[Strict]:
    """Returns the schema of a true value for a job: a number, or one of the classes."""
    target = schema.target
    if target.classes:
        kind: Any = Annotated[
            str,
            PlainValidator(_class_check(target.classes)),
            WithJsonSchema({"type": "string", "enum": target.classes}),
        ]
        told = "One of the classes."
    else:
        kind, told = Number, _about(schema)
    field = Field(description=told, examples=[example_values.label(target)])
    return create_model("Label", __base__=Strict, __doc__="The true value.", value=(kind, field))


def _about(schema: Schema) -> str:
    target = schema.target
    unit = f", in {target.unit}" if target.unit else ""
    ends = "" if target.least is None else f" At least {target.least:.10g} in the data set."
    ends += "" if target.most is None else f" At most {target.most:.10g} in the data set."
    return (
        f"{target.title or target.name}{unit}.{ends} Other values are accepted with a warning: the "
        "id may belong to a service with another target."
    )


def _class_check(classes: list[str]) -> Callable[[Any], str]:
    known, text = {*classes}, f"Input should be one of the classes {listed(classes)}"

    def checked(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise PydanticCustomError("class", "{text}", {"text": text})
        return value

    return checked
