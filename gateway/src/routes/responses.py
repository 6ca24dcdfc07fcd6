"""Descriptions of answers, for the API: those that several calls share."""

from typing import Any

from schemas.base import Problem

Responses = dict[int | str, dict[str, Any]]  # by HTTP status


def error(description: str) -> dict[str, Any]:
    """Describes an answer that is a sentence."""
    return {"model": Problem, "description": description}


ALWAYS: Responses = {
    401: error("The key is missing, or not the right one."),
    403: error("It is asked from a web page elsewhere: see CORS_ORIGINS."),
    421: error("Without a key it is reached by an address or a local name only."),
    503: error("Broker or Redis is away, or full: try again, with the same Idempotency-Key."),
}
STORE: Responses = {
    **ALWAYS,
    500: error("A record in the model store is not as it was written; it is named."),
    503: error(
        "The model store or the broker is away: try again. A change may have been made all the "
        "same: with the same Idempotency-Key it is not made twice."
    ),
}
GONE: Responses = {
    404: error("There never was such a job."),
    410: error("The job has expired."),
}
BODY: Responses = {
    400: error("The body cannot be read."),
    408: error("The body came too slowly."),
    413: error("The body is too large, or has too many patients."),
    415: error("The body is not said to be JSON."),
}
UNKNOWN: Responses = {404: error("There is no such model.")}
REFUSED: Responses = {
    409: error("It cannot be done as things are, or its Idempotency-Key was used before.")
}
WITH_LOCATION: dict[str, Any] = {
    "headers": {
        "Location": {"description": "Where to ask for the job.", "schema": {"type": "string"}}
    }
}
