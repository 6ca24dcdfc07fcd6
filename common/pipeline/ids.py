"""The rule for the id of a row, the same wherever an id is taken.

An id stands in CSV files, URLs, keys of Redis and command lines. So it is ASCII, has nothing that a
CSV file would have to quote, and does not start as a spreadsheet formula does.
"""

import re
from urllib.parse import quote

MAX_ID_CHARACTERS = 128
MAX_ID_DIGITS = 63  # digits of a whole number
UUID_CHARACTERS = 36

_INSIDE = "A-Za-z0-9._:+/=@{}~ -"
_FIRST = "A-Za-z0-9._:/{}~-"
_LAST = "A-Za-z0-9._:+/=@{}~-"
ID_PATTERN = rf"^(?!\.\.?\Z)[{_FIRST}][{_INSIDE}]{{0,{MAX_ID_CHARACTERS - 1}}}(?<! )\Z"
ID_SCHEMA = {  # the same rule for JSON Schema, whose patterns are those of JavaScript
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_ID_CHARACTERS,
    "pattern": f"^[{_FIRST}]([{_INSIDE}]*[{_LAST}])?$",
    "not": {"enum": [".", ".."]},
}

_CHARACTERS_RULE = "an id has only ASCII letters, digits, . _ : - + / = @ { } ~ and spaces inside"
_STRANGE = re.compile(f"[^{_INSIDE}]")
_is_uuid = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}").fullmatch


def id_problem(text: str) -> str | None:
    """Names the rule that a text breaks as an id; None if it breaks none.

    >>> id_problem("2026-11-22 11:37:13+00:00"), id_problem("-Nx3_uuQ"), id_problem("a/b+c==")
    (None, None, None)
    >>> id_problem("@a"), id_problem("a ")
    ("an id does not start with '@', as formulas do", 'an id does not start or end with a space')
    """
    if not text or len(text) > MAX_ID_CHARACTERS:
        return f"an id has 1 to {MAX_ID_CHARACTERS} characters, and not {len(text):,}"
    if strange := _STRANGE.search(text):
        return f"{_CHARACTERS_RULE}, and not {_shown(strange[0])}"
    if text[0] in "=+@":
        return f"an id does not start with {text[0]!r}, as formulas do"
    if text != text.strip(" "):
        return "an id does not start or end with a space"
    if text in {".", ".."}:
        return f"an id is not {text!r}, which is a folder in a URL"
    return None


def canonical(text: str) -> str:
    """Returns the text by which an id is compared, stored and logged: a UUID's is in lower case.

    >>> canonical("018F4C2E-7B1A-7C3D-8E4F-0123456789AB"), canonical("A-1")
    ('018f4c2e-7b1a-7c3d-8e4f-0123456789ab', 'A-1')
    """
    if len(text) == UUID_CHARACTERS and text != text.lower() and _is_uuid(text):
        return text.lower()
    return text


def path_of(call: str, row_id: str, end: str = "") -> str:
    """Returns the path of a gateway call about an id, percent-encoded.

    >>> path_of("/job", "a b", "/events"), path_of("/job", "a/b+c", "/events")
    ('/job/a%20b/events', '/job/events?id=a%2Fb%2Bc')
    """
    encoded = quote(row_id, safe=":")
    if "/" in row_id or row_id == "events":  # /job/events is a call of its own
        return f"{call}{end}?id={encoded}"
    return f"{call}/{encoded}{end}"


def _shown(char: str) -> str:
    return repr(char) if char.isascii() else f"{char!r} (U+{ord(char):04X})"
