"""Dates as people write them, turned into ISO 8601, whose order as texts is that of time."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

FORMATS = (
    "%Y%m%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d.%m.%y", "%d-%b-%y", "%d-%b-%Y", "%d %b %Y",
    "%d %B %Y", "%b %d %Y", "%b %d, %Y", "%B %d, %Y", "%b %Y", "%B %Y", "%Y-%m", "%m/%Y",
)  # fmt: skip
DAY_FIRST, MONTH_FIRST = ("%d/%m/%Y", "%d/%m/%y", "%d-%m-%Y"), ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
YEARS = range(1800, 2200)
MAX_TEXT = 40


class Dates(NamedTuple):
    """The ISO text of each text of a column; `doubt` if day and month may be the other way."""

    iso: dict[str, str]
    doubt: str = ""


def dates_of(texts: Iterable[str]) -> Dates | None:
    """Returns the dates if every text is one, all in one form; None if not.

    >>> dates_of(["31.12.2026", "1.2.2026"]).iso
    {'31.12.2026': '2026-12-31', '1.2.2026': '2026-02-01'}
    >>> dates_of(["12:30"]) is None
    True
    """
    known = [*dict.fromkeys(texts)]
    if not known or not all(6 <= len(text) <= MAX_TEXT for text in known[:100]):
        return None
    if any(text.isdigit() and len(text) != 8 for text in known) or not re.search(r"\d", known[0]):
        return None
    if iso := _iso(known):
        return Dates(iso)
    for form in _forms(FORMATS):
        if iso := _by(form, known):
            return Dates(iso)
    return _of_day_and_month(known)


def _of_day_and_month(known: list[str]) -> Dates | None:
    found = [iso for forms in (DAY_FIRST, MONTH_FIRST) for form in _forms(forms)
             if (iso := _by(form, known))]  # fmt: skip
    if not found:
        return None
    if len(found) == 1 or found[0] == found[1]:
        return Dates(found[0])
    text = next(text for text in known if found[0][text] != found[1][text])
    return Dates(found[0], f"{text!r} may be {found[0][text]} or {found[1][text]}")


def _forms(forms: Iterable[str]) -> Iterable[str]:
    return (form + time for form in forms for time in TIMES)


def _iso(known: list[str]) -> dict[str, str]:
    if re.match(r"\d{4}-\d\d?-\d\d?", known[0]) is None:
        return {}
    try:
        times = {text: datetime.fromisoformat(text) for text in known}
    except ValueError:
        return {}
    if len({time.tzinfo is None for time in times.values()}) > 1:
        return {}
    return _written(times)


def _by(form: str, known: list[str]) -> dict[str, str]:
    times: dict[str, datetime] = {}
    for text in known:
        try:
            times[text] = datetime.strptime(" ".join(text.split()), form)
        except ValueError:
            return {}
    return _written(times)


def _written(times: dict[str, datetime]) -> dict[str, str]:
    """Returns the times as texts that sort: dates alone, or all with their time of the day."""
    if not all(time.year in YEARS for time in times.values()):
        return {}
    is_zoned = any(time.tzinfo for time in times.values())
    if is_zoned:
        times = {text: time.astimezone(UTC) for text, time in times.items()}
    if not is_zoned and not any(time.time() != datetime.min.time() for time in times.values()):
        return {text: time.date().isoformat() for text, time in times.items()}
    precision = "microseconds" if any(time.microsecond for time in times.values()) else "seconds"
    return {text: time.isoformat(timespec=precision) for text, time in times.items()}
