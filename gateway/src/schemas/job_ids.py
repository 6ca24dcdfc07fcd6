"""The id of a job, as it comes in a request."""

import math
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Query
from pydantic import AfterValidator, WithJsonSchema, WrapValidator
from pydantic_core import PydanticCustomError

from pipeline.decode_errors import LONG_NUMBER_REASON
from pipeline.ids import ID_SCHEMA, id_problem
from pipeline.messages import INT_ID_LIMIT


def _refusal(reason: str) -> PydanticCustomError:
    return PydanticCustomError("id", "{reason}", {"reason": reason})


def _checked(text: str) -> str:
    if reason := id_problem(text):
        raise _refusal(reason)
    return text


def _number_or_text(value: Any, text: Callable[[Any], str]) -> Any:
    """Takes a number as it is, by the rule for messages; anything else must be an id's text."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    if isinstance(value, int) and abs(value) >= INT_ID_LIMIT:
        raise _refusal(LONG_NUMBER_REASON)
    if not math.isfinite(value):
        raise _refusal("a number is finite")
    return value


_TEXT = ID_SCHEMA | {"examples": ["row-7"]}

JobId = Annotated[str, AfterValidator(_checked), WithJsonSchema(_TEXT)]
JobIdInQuery = Annotated[
    JobId, Query(alias="id", description="Percent-encoded: a + is written as %2B.")
]
JobIdInBody = Annotated[
    JobId, WrapValidator(_number_or_text), WithJsonSchema({"anyOf": [_TEXT, {"type": "number"}]})
]
