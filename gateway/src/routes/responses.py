"""Descriptions of answers, for the API: those that several calls share."""

from typing import Any

from schemas.base import Problem

Responses = dict[int | str, dict[str, Any]]  # by HTTP status


def error(description: str) -> dict[str, Any]:
    """Describes an answer that is a sentence."""
    return {"model": Problem, "description": description}


ALWAYS: Responses = {
    401: error("The API key is missing or wrong."),
    403: error("The request comes from a web page of another origin: see CORS_ORIGINS."),
    421: error("Without a key the gateway answers only to an IP address or a local name."),
    503: error("The broker or Redis is unavailable or full: retry with the same Idempotency-Key."),
}
STORE: Responses = {
    **ALWAYS,
    500: error("A record in the model store is damaged; the answer names it."),
    503: error(
        "The model store or the broker is unavailable: retry. The change may have been made; with "
        "the same Idempotency-Key it is not made twice."
    ),
}
GONE: Responses = {
    404: error("There is no such job."),
    410: error("The job has expired."),
}
BODY: Responses = {
    400: error("The body cannot be parsed."),
    408: error("The body took too long to arrive."),
    413: error("The body is too large, or has too many rows."),
    415: error("The body is not declared as JSON."),
}
UNKNOWN: Responses = {404: error("There is no such model.")}
REFUSED: Responses = {
    409: error(
        "The models do not allow it now, or the Idempotency-Key was used for another change."
    )
}
WITH_LOCATION: dict[str, Any] = {
    "headers": {"Location": {"description": "The path of the job.", "schema": {"type": "string"}}}
}
