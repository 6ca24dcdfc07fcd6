"""Schemas of labels: the true values of jobs."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainValidator, TypeAdapter, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from pipeline.table import example_values
from pipeline.table.schema import Schema
from pipeline.table.value_errors import listed
from schemas.base import Number, Strict
from schemas.job_ids import JobIdInBody

MAX_LABELS = 1000  # in a request


class LabelTaken(BaseModel):
    """The true value of a job, on its way to be joined with the prediction of this id."""

    job_id: str = Field(examples=["row-7"])
    label: float | str
    makes_row: bool = Field(
        True,
        description="False for a job that asked a model by its id: its label stays with the job, "
        "and makes no row of metric_log.csv.",
    )
    warnings: list[str] = Field(
        [], description="A sentence if the value is outside the data set's range."
    )


class LabelsTaken(BaseModel):
    """One for each label, in their order."""

    labels: list[LabelTaken]


def value_type(schema: Schema) -> Any:
    """Returns the type of a true value: a number, or one of the classes."""
    target = schema.target
    if not target.classes:
        return Number
    schema_of_it = {"type": "string", "enum": target.classes}
    return Annotated[
        str, PlainValidator(_class_check(target.classes)), WithJsonSchema(schema_of_it)
    ]


def label_type(schema: Schema) -> type[Strict]:
    """Returns the schema of a true value for a job.

    The value itself is checked later, by the data set of the job: it may have asked a model of
    another one.
    """
    field = Field(description=_told(schema), examples=[example_values.label(schema.target)])
    return create_model(
        "Label", __base__=Strict, __doc__="The true value.", value=(_described(schema), field)
    )


def labels_type(schema: Schema) -> type[Strict]:
    """Returns the schema of true values for some jobs, checked as one is."""
    described, example = _described(schema), example_values.label(schema.target)
    many: Any = Annotated[list[described], Field(min_length=1, max_length=MAX_LABELS)]  # type: ignore[valid-type]
    return create_model(
        "Labels",
        __base__=_AsMany,
        __doc__="True values, one for each id.",
        value=(many, Field(description=_told(schema), examples=[[example]])),
    )


class _AsMany(Strict):
    """Values for some ids."""

    id: Annotated[list[JobIdInBody], Field(min_length=1, max_length=MAX_LABELS)] = Field(
        examples=[["row-7"]]
    )


def _described(schema: Schema) -> Any:
    return Annotated[Any, WithJsonSchema(TypeAdapter(value_type(schema)).json_schema())]


def _told(schema: Schema) -> str:
    return "One of the classes." if schema.target.classes else _about(schema)


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
