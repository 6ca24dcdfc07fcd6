"""Why a body is no message, in words for the person who reads the dead letters."""

import re

import msgspec

SHOWN_BYTES = 8  # of the body, where it goes wrong

_ID_RULE = (
    "an id is a number, at most 63 digits if it is whole, or 1 to 64 characters of "
    "A-Z a-z 0-9 . _ : - that do not start with -"
)
ID_REASON = f"{_ID_RULE} - at `$.id`"
_OTHER_FORMATS = {  # by how they begin
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


def reason_of(error: Exception, raw: bytes, body_rule: str) -> str:
    """What is wrong with `raw`, given the error that reading it ended with."""
    if isinstance(error, msgspec.ValidationError):  # it is JSON
        return _with_rule(str(error), body_rule)
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
    """The reason for what is not read, by its size alone."""
    return f"{what} of {size:,} {unit} is too large, the most is {most:,}"


def _with_rule(text: str, body_rule: str) -> str:
    if "matching regex" in text:  # the rule says it better
        return ID_REASON
    if "`$.id" in text:
        return f"{_ID_RULE}: {text}"
    if "`$.body" in text:
        return f"{body_rule}: {text}"
    if text.startswith("Expected `object`"):
        return f'a message is {{"id": ..., "body": ...}}: {text}'
    return text


def _with_place(text: str, raw: bytes) -> str:
    """Adds what stands there, and not in front: one kind of mistake is to have one reason."""
    if (found := re.search(r"\(byte (\d+)\)$", text)) is None:
        return text
    place = int(found[1])
    return f"{text}, at {raw[place : place + SHOWN_BYTES].decode('latin-1')!a}"


def _other_format(raw: bytes) -> str | None:
    for start, name in _OTHER_FORMATS.items():
        if raw.startswith(start):
            return name
    return "UTF-16 or UTF-32" if b"\0" in raw[:4] else None
