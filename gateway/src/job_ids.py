"""The id of a job as a request gives it."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.ids import ID_SCHEMA, id_problem
from pipeline.messages import INT_ID_LIMIT, id_text
from pipeline.reasons import LONG_NUMBER_REASON


def _refusal(reason: str) -> PydanticCustomError:
    return PydanticCustomError("id", "{reason}", {"reason": reason})


def _checked(text: str) -> str:
    if problem := id_problem(text):
        raise _refusal(problem)
    return text


def _as_text(value: Any) -> Any:
    """The text of a number, as in a message; JSON that is read in Python may hold NaN as well."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, int) and abs(value) >= INT_ID_LIMIT:
        raise _refusal(LONG_NUMBER_REASON)
    return id_text(value) if abs(value) < float("inf") else value


_TEXT = ID_SCHEMA | {"examples": ["patient-7"]}

JobId = Annotated[str, AfterValidator(_checked), WithJsonSchema(_TEXT)]
JobIdInQuery = Annotated[
    JobId, Query(alias="id", description="Percent-encoded: a + is written as %2B.")
]
JobIdInBody = Annotated[
    JobId, BeforeValidator(_as_text), WithJsonSchema({"anyOf": [_TEXT, {"type": "number"}]})
]
