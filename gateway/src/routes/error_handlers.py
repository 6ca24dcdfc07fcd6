"""Turns errors into answers: each kind of error has its HTTP status."""

import shlex
from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from asked.asked_model import RowsError
from gateway_errors import (
    BrokerAwayError,
    ConflictError,
    ExpiredJobError,
    JobStoreError,
    PlotAwayError,
    QueueFullError,
    RefusedError,
    UnknownJobError,
    UnknownModelError,
)
from inference.protocol import FailedRowsError, LateError, ProtocolError
from middleware.protocol_errors import failed
from pipeline.model_store.store import DamagedError, ModelStoreError
from pipeline.table.schema import Schema, SchemaError
from schemas.base import MisfitError, TooMuchError
from schemas.predictions import FORMS, TAGS
from threads import SlowError

RETRY = {"Retry-After": "1"}
MAX_DETAILS = 20  # a thousand rows can be wrong in a thousand places
MAX_SHOWN = 60  # characters

STATUS: dict[type[Exception], int] = {
    ProtocolError: 400,
    UnknownJobError: 404,
    UnknownModelError: 404,
    ConflictError: 409,
    RefusedError: 409,
    ExpiredJobError: 410,
    TooMuchError: 413,
    FailedRowsError: 422,
    QueueFullError: 429,
    DamagedError: 500,
    SchemaError: 500,
    BrokerAwayError: 503,
    JobStoreError: 503,
    PlotAwayError: 503,
    SlowError: 503,
    ModelStoreError: 503,
    LateError: 504,
}  # with which an error's text is sent


def detail(error: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Returns the error in a request, its place, and the value there if it is short.

    A value of a row has the name of its column as its place; `names` are those of the schema.

    >>> detail({"loc": ("body", "data", "row", 1), "msg": "Must be a number", "type": "float_type",
    ...         "input": "x"}, ["rooms", "area"])
    {'loc': ['body', 'data', 'area'], 'msg': "Must be a number, and is 'x'", 'type': 'float_type'}
    """
    value = error.get("input", [])  # without one, as with what is no short value, none is shown
    shown = repr(value) if isinstance(value, bool | int | float | str) else ""
    if value is None:
        shown = "null"
    return {
        "loc": _place(error["loc"], names),
        "msg": f"{error['msg']}, and is {shown}" if 0 < len(shown) < MAX_SHOWN else error["msg"],
        "type": error["type"],
    }


def _place(loc: Sequence[str | int], names: list[str]) -> list[str | int]:
    if loc[1:2] and loc[1] in TAGS:
        loc = [loc[0], *loc[2:]]
    form = loc[2] if len(loc) > 2 and loc[2] in FORMS else None
    place = [*loc[:2], *(loc[2:] if form is None else loc[3:])]
    column = {"row": 2, "rows": 3}.get(str(form))
    if column is not None and column < len(place):
        place[column] = names[int(place[column])]
    return [part[:MAX_SHOWN] if isinstance(part, str) else part for part in place]


def not_json(request: Request) -> str:
    """Says what to send, if a body has another content type."""
    kind = request.headers.get("Content-Type")
    found = f"it came as {kind[:MAX_SHOWN]!r}" if kind else "it came without a Content-Type"
    url = shlex.quote(str(request.url))
    right = f"curl {url} -H 'Content-Type: application/json' -d '{{…}}'"
    return f"the body must be declared as JSON, but {found}: {right}"


def install(app: FastAPI, schema: Schema) -> None:
    """Registers the handlers that turn errors into answers."""
    names = schema.names

    async def unreadable(_: Request, __: Exception) -> Response:
        return JSONResponse({"detail": "lists or objects are nested too deep"}, 400)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError), "it is installed for no other"
        if isinstance(error.body, bytes):  # it was not parsed, as it is not JSON
            return JSONResponse({"detail": not_json(request)}, 415)
        own = error.names if isinstance(error, RowsError) else names
        details = [detail(each, own) for each in error.errors()[:MAX_DETAILS]]
        return JSONResponse({"detail": details}, 422)

    async def misfit(_: Request, error: Exception) -> Response:
        assert isinstance(error, MisfitError), "it is installed for no other"
        found = {"loc": ["body", *error.place], "msg": str(error), "type": "value_error"}
        return JSONResponse({"detail": [found]}, 422)

    async def sentence(status: int, _: Request, error: Exception) -> Response:
        return JSONResponse({"detail": str(error)}, status, RETRY if status in {429, 503} else None)

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(MisfitError, misfit)
    app.add_exception_handler(RecursionError, unreadable)
    app.add_exception_handler(Exception, failed)
    for kind, status in STATUS.items():
        app.add_exception_handler(kind, partial(sentence, status))
