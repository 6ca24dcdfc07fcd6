"""Parts of several schemas: numbers, strict requests, the explanation of an error."""

from typing import Annotated, Any, ClassVar

from fastapi import Header
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from pipeline.model_store.store import NAME

MAX_NAMES = 50  # in an object
NAME_PATTERN = f"^{NAME.pattern}$"  # of a model, or a data set


class MisfitError(Exception):
    """A part of a request does not fit the rest; the text says why."""

    def __init__(self, text: str, *place: str | int) -> None:
        super().__init__(text)
        self.place = place


class TooMuchError(Exception):
    """A request has too many rows, or too long ones."""


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


def key_header(description: str) -> Any:
    """Returns the header Idempotency-Key of a call: printable ASCII, as HTTP's headers are."""
    return Header(
        alias="Idempotency-Key", max_length=255, pattern="^[ -~]*$", description=description
    )


class Strict(BaseModel):
    """A part of a request: it refuses unknown names."""

    model_config = ConfigDict(extra="forbid")
    max_names: ClassVar[int] = MAX_NAMES

    @model_validator(mode="before")
    @classmethod
    def _refuse_a_heap(cls, value: Any) -> Any:
        """Refuses too many names: each unknown one is an error, and a megabyte holds many."""
        if isinstance(value, dict) and len(value) > cls.max_names:
            raise ValueError(f"an object has at most {cls.max_names} names, not {len(value):,}")
        return value


def placed(error: ValidationError, *place: str | int) -> list[Any]:
    """Returns the errors of a part of a body that is checked by itself, each with its place."""
    details = error.errors(include_url=False, include_context=False)
    return [each | {"loc": ("body", *place, *each["loc"])} for each in details]


class Problem(BaseModel):
    """An explanation of what went wrong, in a sentence."""

    detail: str
