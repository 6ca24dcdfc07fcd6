"""Schemas of the Open Inference Protocol v2, and what its calls answer, for the description."""

from typing import Any, Literal

from pydantic import BaseModel, Field

Parameters = dict[str, str]
Responses = dict[int | str, dict[str, Any]]


class ServerOut(BaseModel):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class LiveOut(BaseModel):
    """The gateway answers."""

    live: Literal[True]


class ReadyOut(BaseModel):
    """The gateway takes requests."""

    ready: Literal[True]


class ModelReadyOut(ReadyOut):
    """The gateway takes requests for this model."""

    name: str


class TensorMetadata(BaseModel):
    """An input or output; -1 in its shape stands for any number of rows."""

    name: str
    datatype: Literal["FP64", "BYTES"]
    shape: list[int]
    parameters: Parameters


class ModelMetadata(BaseModel):
    """A model: one input a column, and its prediction first of the outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: Parameters


class OutputTensor(BaseModel):
    """An output; without `data` its values follow the JSON, `binary_data_size` bytes."""

    name: str
    datatype: Literal["FP64", "BYTES"]
    shape: list[int]
    parameters: dict[str, str | int] | None = None
    data: list[float | str | list[float | None] | None] | None = None


class InferOut(BaseModel):
    """The predictions, in the order of the rows."""

    id: str | None = Field(None, description="The request's, as it came.")
    model_name: str
    model_version: str = Field(description="The id of the model that answered.")
    outputs: list[OutputTensor]


class ProtocolProblem(BaseModel):
    """An explanation of what went wrong, in a sentence."""

    error: str


def error(description: str) -> dict[str, Any]:
    """Describes an answer that is a sentence in the protocol's form."""
    return {"model": ProtocolProblem, "description": description}


SERVER: Responses = {
    403: error("The request comes from a web page of another origin: see CORS_ORIGINS."),
    421: error("Without a key the gateway answers only to an IP address or a local name."),
    503: error("The broker or Redis is unavailable or full: retry."),
}
MODEL: Responses = {
    **SERVER,
    401: error("The API key is missing or wrong."),
    404: error("There is no such model, or it is not of this version."),
    409: error("The data set of the model cannot be used."),
    422: error("A header or a part of the path is none."),
    500: error("The record of the model is damaged."),
}
ANSWER: Responses = {
    **MODEL,
    200: {
        "model": InferOut,
        "description": "The predictions. With a binary output the values follow the JSON.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    },
    400: error("The request is none of the protocol's, or the tensors are no rows of the model."),
    408: error("The body took too long to arrive."),
    409: error("The id or the Idempotency-Key was used before, with other data."),
    410: error("A job expired while the client waited."),
    413: error("The body is too large, or has too many rows."),
    422: error("A value is impossible, or a row has no prediction; with its row and the reason."),
    429: error("Too many messages wait for the model: retry later."),
    504: error("The answers are not there in time; with the jobs, and where to ask."),
}

_PARAMETERS = {"type": "object"}
_INPUT = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": {"type": "string", "description": "A column; or `job_id`, for ids of your own."},
        "shape": {"type": "array", "items": {"type": "integer"}, "description": "[n] or [n, 1]"},
        "datatype": {"type": "string", "description": "FP64 or another number; BYTES for texts."},
        "parameters": _PARAMETERS,
        "data": {"type": "array", "items": {}, "description": "Flat, or by rows; null is missing."},
    },
}
_REQUEST = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string", "description": "Only echoed."},
        "parameters": {
            "type": "object",
            "properties": {
                "units": {"enum": ["raw", "scaled"]},
                "timeout": {"type": "integer", "minimum": 0, "description": "In microseconds."},
                "partial": {"type": "boolean"},
                "binary_data_output": {"type": "boolean"},
            },
        },
        "inputs": {"type": "array", "minItems": 1, "items": _INPUT},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
            },
        },
    },
}
REQUEST: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}}
}
