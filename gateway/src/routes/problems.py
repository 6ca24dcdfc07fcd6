"""The errors of the calls: their descriptions for the API, and the answers that they become."""

import shlex
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response

from jobs.intake import MisfitError
from jobs.outbox import BrokerAwayError
from jobs.store import ConflictError, StoreError
from pipeline.model_store import store as model_store
from promotion.checks import RefusedError
from promotion.registry import UnknownModelError
from schemas.predictions import FORMS, Job, Jobs, Problem, TooMuchError
from threads import SlowError
from trainings.task_queue import FullError

AGAIN = {"Retry-After": "1"}
MOST_DETAILS = 20  # a thousand rows can be wrong in a thousand places
SHORT = 60  # characters


def problem(text: str) -> dict[str, Any]:
    """Describes an answer that is a sentence."""
    return {"model": Problem, "description": text}


ALWAYS: dict[int | str, dict[str, Any]] = {
    401: problem("The key is missing, or not the right one."),
    403: problem("It is asked from a web page elsewhere: see CORS_ORIGINS."),
    421: problem("Without a key it is reached by an address or a local name only."),
    503: problem("Broker or Redis is away, or full: try again, with the same Idempotency-Key."),
}
STORE: dict[int | str, dict[str, Any]] = {
    **ALWAYS,
    500: problem("A record in the model store is not as it was written; it is named."),
    503: problem(
        "The model store or the broker is away: try again. A change may have been made all the "
        "same: with the same Idempotency-Key it is not made twice."
    ),
}
_GONE: dict[int | str, dict[str, Any]] = {
    404: problem("There never was such a job."),
    410: problem("The job has expired."),
}
_BODY: dict[int | str, dict[str, Any]] = {
    400: problem("The body cannot be read."),
    408: problem("The body came too slowly."),
    413: problem("The body is too large, or has too many patients."),
    415: problem("The body is not said to be JSON."),
}
_LOCATION = {"description": "Where to ask for the job.", "schema": {"type": "string"}}

PREDICT: dict[str, Any] = {
    "summary": "Ask the model",
    "response_description": "The broker has it. The model answers when its turn comes.",
    "responses": {
        200: {"model": Job | Jobs, "description": "The prediction, if it was asked to wait for."},
        202: {"headers": {"Location": _LOCATION}},
        409: problem("The id, or the Idempotency-Key, was used before for other data."),
        410: problem("The job expired while its answer was waited for."),
        429: problem("Too much waits for the model: try again later."),
        **_BODY,
    },
}
JOB: dict[str, Any] = {"summary": "What has become of a job", "responses": _GONE}
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"enum": ["job", "expired"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "data"],
}
EVENTS: dict[str, Any] = {
    "summary": "What becomes of a job, pushed",
    "response_class": Response,
    "responses": {
        200: {
            "description": "Events `job`, each with the job as JSON; or one `expired`.",
            "content": {"text/event-stream": {"itemSchema": _EVENT}},
        },
        **_GONE,
    },
}
LABEL: dict[str, Any] = {
    "summary": "Tell the true value",
    "response_description": "The broker has it, and the job shows it; it is joined with the "
    "prediction of this id.",
    "responses": {
        409: problem(
            "Another value was told before: also one whose confirm did not come in time (503)."
        ),
        **_BODY,
    },
}
TRAIN: dict[str, Any] = {
    "summary": "Train a model",
    "response_description": "The broker has the task. A trainer takes it when its turn comes.",
    "responses": {
        202: {"headers": {"Location": _LOCATION}},
        409: problem("The Idempotency-Key was used before for another training."),
        429: problem("Too many trainings wait for the trainer: try again later."),
        **_BODY,
    },
}
CANCEL: dict[str, Any] = {
    "summary": "Give a training up",
    "response_description": "It is cancelled, and there never will be a model.",
    "responses": {
        409: problem("It has ended, its model is being stored, or it is a prediction."),
        **_GONE,
    },
}
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: problem("There is no such model.")}
_REFUSED = {
    409: problem("It cannot be done as things are, or its Idempotency-Key was used before.")
}
MODELS: dict[str, Any] = {"summary": "All models"}
MODEL: dict[str, Any] = {"summary": "A model", "responses": _UNKNOWN}
DELETE: dict[str, Any] = {
    "summary": "Delete a model that is not in use",
    "responses": {**_UNKNOWN, **_REFUSED},
}
PROMOTE: dict[str, Any] = {
    "summary": "Have a model answer",
    "description": "Refused with 409 if it does not load, or takes other columns; and, unless it "
    "is forced, if it is worse on the hold-out than it may be, or if rows of the hold-out were in "
    "its training data: then its score there says nothing.",
    "responses": {**_UNKNOWN, **_REFUSED, **_BODY},
}
PROMOTION: dict[str, Any] = {"summary": "Whether a model would answer", "responses": _UNKNOWN}
SHADOW: dict[str, Any] = {
    "summary": "Try a model in the shadow",
    "responses": {**_UNKNOWN, **_REFUSED},
}
UNSHADOW: dict[str, Any] = {"summary": "End the trial", "responses": _REFUSED}
ROLLBACK: dict[str, Any] = {"summary": "Go back to the model before", "responses": _REFUSED}
CHANGES: dict[str, Any] = {"summary": "Which model answered when"}

SENTENCES: dict[int, list[type[Exception]]] = {
    404: [UnknownModelError],
    409: [ConflictError, RefusedError],
    413: [TooMuchError],
    429: [FullError],
    500: [model_store.DamagedError],
    503: [StoreError, BrokerAwayError, model_store.ModelStoreError, SlowError],
}  # the status with which an error's text is sent


def detail(error: dict[str, Any]) -> dict[str, Any]:
    """Returns what is wrong with a request, where, and, if it is short, the value that is there.

    >>> detail({"loc": ("body", "data", "row", 3), "msg": "Must be a number", "type": "float_type",
    ...         "input": "x"})
    {'loc': ['body', 'data', 3], 'msg': "Must be a number, and is 'x'", 'type': 'float_type'}
    """
    loc = [part[:SHORT] if isinstance(part, str) else part for part in error["loc"]]
    place = [*loc[:2], *(part for part in loc[2:3] if part not in FORMS), *loc[3:]]
    value = error.get("input")
    is_short = isinstance(value, bool | int | float | str) and len(repr(value)) < SHORT
    return {
        "loc": place,
        "msg": f"{error['msg']}, and is {value!r}" if is_short else error["msg"],
        "type": error["type"],
    }


def not_json(request: Request) -> str:
    """Says what to send, if a body has another content type."""
    kind = request.headers.get("Content-Type")
    said = f"it came as {kind[:SHORT]!r}" if kind else "it came without a Content-Type"
    url = shlex.quote(str(request.url))
    right = f"curl {url} -H 'Content-Type: application/json' -d '{{…}}'"
    return f"a body is read as JSON, if it is said to be that, and {said}: {right}"


def install(app: FastAPI) -> None:
    """Registers the handlers that turn errors into answers."""

    async def unreadable(_: Request, __: Exception) -> Response:
        return JSONResponse({"detail": "lists or objects are nested too deep"}, 400)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError), "it is installed for no other"
        if isinstance(error.body, bytes):  # it was not parsed, as it is not JSON
            return JSONResponse({"detail": not_json(request)}, 415)
        details = [detail(each) for each in error.errors()[:MOST_DETAILS]]
        return JSONResponse({"detail": details}, 422)

    async def misfit(_: Request, error: Exception) -> Response:
        assert isinstance(error, MisfitError), "it is installed for no other"
        found = {"loc": ["body", *error.place], "msg": str(error), "type": "value_error"}
        return JSONResponse({"detail": [found]}, 422)

    def answers(status: int, headers: dict[str, str] | None = None) -> Any:
        async def answer(_: Request, error: Exception) -> Response:
            return JSONResponse({"detail": str(error)}, status, headers)

        return answer

    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(MisfitError, misfit)
    app.add_exception_handler(RecursionError, unreadable)
    for status, kinds in SENTENCES.items():
        for kind in kinds:
            app.add_exception_handler(
                kind, answers(status, AGAIN if status in {429, 503} else None)
            )
