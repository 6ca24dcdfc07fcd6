"""The reasons why a body is not a message, worded for the person who reads the dead letters.

A reason says what is wrong, what is there, and what is expected, so that the sender can see what to
change.
"""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from pipeline.ids import MAX_ID_DIGITS, id_problem

T = TypeVar("T")

JSON_ERRORS = (msgspec.MsgspecError, UnicodeError, RecursionError)  # what reading JSON can raise
SHOWN_BYTES = 8  # of the body, from where it goes wrong
SHOWN_KEYS, SHOWN_KEY_CHARACTERS = 8, 30

MESSAGE_RULE = 'a message is {"id": ..., "body": ...}'
ID_TYPE_REASON = "an id is text or a number"
LONG_NUMBER_REASON = f"an id that is a whole number has at most {MAX_ID_DIGITS} digits"
_NO_NUMBERS = (b"NaN", b"Infinity")
_OTHER_FORMATS = {  # by their first bytes
    b"\xef\xbb\xbf": "JSON behind a byte order mark",
    b"\xff\xfe": "UTF-16 or UTF-32",
    b"\xfe\xff": "UTF-16",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"x\x01": "zlib",
    b"x\x5e": "zlib",
    b"x\x9c": "zlib",
    b"x\xda": "zlib",
    b"\x80\x02": "a Python pickle",
    b"\x80\x03": "a Python pickle",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"\x82\xa2id": "MessagePack",
    b"<": "XML or HTML",
    b"{'": "a Python dict",
}

BodyProblem = Callable[[Any], str]  # what is wrong with the value of a body

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_anything = msgspec.json.Decoder(float_hook=float)  # a number out of range is infinite


def reason_of(
    error: Exception, raw: bytes, body_rule: str, body_problem: BodyProblem | None = None
) -> str:
    """Returns the reason why `raw` is bad, from the error that reading it raised.

    `body_rule` says what a body is to be, `body_problem` what is wrong with this one.
    """
    if isinstance(error, msgspec.ValidationError):  # it is JSON
        return _json_reason(str(error), raw, body_rule, body_problem)
    if isinstance(error, RecursionError):
        return "lists or objects are nested too deep"
    if not raw.strip():
        return "the body is empty"
    if other := _other_format(raw):
        return f"the body is to be JSON in UTF-8, and looks like {other}"
    if isinstance(error, UnicodeDecodeError):
        return f"the body is not UTF-8: byte {error.start} is 0x{raw[error.start]:02x}"
    return _with_place(str(error), raw)


def too_large(what: str, size: int, unit: str, most: int) -> str:
    """Returns the reason for a body that is not read because of its size."""
    return f"{what} of {size:,} {unit} is too large, the most is {most:,}"


def _json_reason(text: str, raw: bytes, body_rule: str, body_problem: BodyProblem | None) -> str:
    if text.startswith("Expected `object`"):
        twice = ": JSON in a string, encoded twice" if raw.lstrip()[:2] == b'"{' else ""
        return f"{MESSAGE_RULE}: {text}{twice}"
    if missing := re.fullmatch("Object missing required field `([^`]+)`", text):
        return f"{_keys_without(missing[1], raw)}: {MESSAGE_RULE}, and {body_rule}"
    if "`$.id" in text:
        return _id_reason(text, raw)
    return _body_reason(text, raw, body_rule, body_problem) if "`$.body" in text else text


def _body_reason(text: str, raw: bytes, body_rule: str, body_problem: BodyProblem | None) -> str:
    if body_problem is None:
        return f"{body_rule}: {text}"
    try:
        return body_problem(_anything.decode(_fields.decode(raw)["body"]))
    except JSON_ERRORS:  # after the first thing that is wrong, the rest may be no JSON at all
        return f"{body_rule}: {text}"


def _id_reason(text: str, raw: bytes) -> str:
    """Returns the rule that the id breaks."""
    if text.startswith("Integer value out of range"):
        return LONG_NUMBER_REASON
    if "matching regex" not in text:
        return f"{ID_TYPE_REASON}: {text}"
    row_id = _value_of(raw, "id", str)
    return (row_id is not None and id_problem(row_id)) or "the id that stands there first is none"


def _value_of(raw: bytes, name: str, kind: type[T]) -> T | None:
    """Returns the value of a key; None if it has another type, as with a key that comes twice.

    After the first thing that is wrong, the rest may not be JSON at all.
    """
    try:
        return msgspec.json.decode(_fields.decode(raw)[name], type=kind)
    except JSON_ERRORS:
        return None


def _keys_without(name: str, raw: bytes) -> str:
    """Names the keys that are there, and the one that is missing.

    >>> _keys_without("body", b'{"id": 1, "X": [2]}')
    "there is no 'body' beside 'id', 'X'"
    """
    try:
        keys = list(_fields.decode(raw))
    except JSON_ERRORS:  # after the object
        return f"there is no {name!r}"
    if not keys:
        return f"there is no {name!r}, and no other key"
    shown = ", ".join(repr(key[:SHOWN_KEY_CHARACTERS]) for key in keys[:SHOWN_KEYS])
    more = f" and {len(keys) - SHOWN_KEYS:,} more" if len(keys) > SHOWN_KEYS else ""
    return f"there is no {name!r} beside {shown}{more}"


def _with_place(text: str, raw: bytes) -> str:
    """Appends what is at that place: the front stays the same for each kind of mistake."""
    if (found := re.search(r"\(byte (\d+)\)$", text)) is None:
        return text
    rest = raw[int(found[1]) :]
    rule = ": JSON has no NaN and no Infinity" if rest.startswith(_NO_NUMBERS) else ""
    return f"{text}, at {rest[:SHOWN_BYTES].decode('latin-1')!a}{rule}"


def _other_format(raw: bytes) -> str | None:
    for start, name in _OTHER_FORMATS.items():
        if raw.startswith(start):
            return name
    return "UTF-16 or UTF-32" if b"\0" in raw[:4] else None
