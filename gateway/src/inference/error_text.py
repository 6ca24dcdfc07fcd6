"""Turns what the gateway says of an error into the one sentence that the protocol has."""

from collections.abc import Sequence
from typing import Any

OURS = {"body", "data"}  # places of a request to /predict, which the protocol's do not have


def sentence(detail: Any) -> str:
    """Returns an error's `detail` as a sentence: it may be a list of errors, each with its place.

    >>> sentence("there is no model x")
    'there is no model x'
    >>> sentence([{"loc": ["body", "data", 3, "age"], "msg": "it cannot be -1"},
    ...           {"loc": ["header", "Idempotency-Key"], "msg": "too long"}])
    'row 3, age: it cannot be -1; header, Idempotency-Key: too long'
    """
    if isinstance(detail, str):
        return detail
    if isinstance(detail, list):
        return "; ".join(_of_one(each) for each in detail)
    return str(detail)


def _of_one(error: dict[str, Any]) -> str:
    place = _place(error.get("loc", ()))
    said = str(error.get("msg", error))
    return f"{place}: {said}" if place else said


def _place(loc: Sequence[str | int]) -> str:
    parts = [part for part in loc if part not in OURS]
    return ", ".join(f"row {part}" if isinstance(part, int) else part for part in parts)
