"""The requests of the protocol as they come, and its errors."""

from typing import Any, NamedTuple

import msgspec

from pipeline.errors import PipelineError

MAX_SHOWN = 60  # characters of what a client sent that an error shows


class ProtocolError(PipelineError):
    """A request that is none of the protocol's; the text says why."""


class LateError(PipelineError):
    """The answers are not there in time; the text has the jobs, and where to ask for them."""


class FailedRowsError(PipelineError):
    """Rows without a prediction; the text has each with its reason."""


class Input(msgspec.Struct):
    """A tensor as it came: its values in `data`, or in the bytes behind the JSON.

    Fields that are not known are ignored, as clients add some of their own.
    """

    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] | None = None
    data: list[Any] | None = None


class WantedOutput(msgspec.Struct):
    """An output that the client asks for."""

    name: str
    parameters: dict[str, Any] | None = None


class InferRequest(msgspec.Struct):
    """The JSON of a request. `id` is only echoed."""

    inputs: list[Input]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[WantedOutput] | None = None


class Tensor(NamedTuple):
    """A tensor that was read: its `values` in row order, as many as its `shape` has places.

    What is missing is None.
    """

    name: str
    datatype: str
    shape: list[int]
    values: list[Any]


def shown(value: object) -> str:
    """Returns a value as an error shows it: in quotes, and not too long.

    >>> shown("FP65"), shown("x" * 80)[-4:]
    ("'FP65'", 'xxx…')
    """
    text = repr(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def flag(parameters: dict[str, Any] | None, name: str, default: bool = False) -> bool:
    """Returns a parameter that is true or false. Raises ProtocolError."""
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise ProtocolError(f'the parameter "{name}" is {shown(value)}: it is true or false')
    return value
