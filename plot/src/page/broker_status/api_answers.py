"""Reads the answers of RabbitMQ's management API, whichever version answers.

A field may be missing, null, or an empty list in place of an object: that is how the API says that
it has nothing to report. All of these read as nothing, and no item hides the others.
"""

from typing import Any

import msgspec


def items(answer: bytes) -> list[dict[str, Any]]:
    """Returns the objects of a list, leaving out everything in it that is not an object.

    Raises ValueError if the answer is not a list: then nothing in it can be relied upon.
    """
    decoded = msgspec.json.decode(answer)
    if not isinstance(decoded, list):
        raise ValueError(f"a list was expected, not {str(decoded)[:100]}")
    return [item for item in decoded if isinstance(item, dict)]


def an_object(answer: bytes) -> dict[str, Any]:
    """Returns an answer that is one object. Raises ValueError if it is not one."""
    decoded = msgspec.json.decode(answer)
    if not isinstance(decoded, dict):
        raise ValueError(f"an object was expected, not {str(decoded)[:100]}")
    return decoded


def text(item: dict[str, Any], path: str) -> str:
    """Returns the text at a path of keys, such as `queue.name`; empty if there is none.

    >>> text({"queue": {"name": "features"}}, "queue.name"), text({"queue": []}, "queue.name")
    ('features', '')
    """
    found = _at(item, path)
    return found if isinstance(found, str) else ""


def number(item: dict[str, Any], path: str) -> float:
    """Returns the number at a path of keys; 0 if there is none.

    >>> number({"message_stats": {"rate": 5}}, "message_stats.rate"), number({}, "messages_ready")
    (5, 0)
    """
    found = _at(item, path)
    return found if isinstance(found, int | float) else 0


def fields(item: dict[str, Any], path: str) -> dict[str, Any]:
    """Returns the object at a path of keys; empty if there is none."""
    found = _at(item, path)
    return found if isinstance(found, dict) else {}


def entries(item: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Returns the objects of the list at a path of keys; none if there is no list."""
    found = _at(item, path)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _at(item: Any, path: str) -> Any:
    for key in path.split("."):
        item = item.get(key) if isinstance(item, dict) else None
    return item
