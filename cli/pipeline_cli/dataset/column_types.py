"""Tells what a column is: numbers, categories, text, dates, or nothing that a model can use."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from shlex import quote
from typing import Literal, NamedTuple

from pipeline.csv_table import one_line
from pipeline.table.schema import MAX_TEXT
from pipeline_cli.dataset.date_text import dates_of
from pipeline_cli.dataset.number_text import (
    LEADING_ZERO,
    MAX_JUNK_KINDS,
    MAX_JUNK_SHARE,
    Numbers,
    almost_numbers,
    numbers_of,
)
from pipeline_cli.dataset.words import counted

MISSING = {"", "NA", "N/A", "NaN", "nan", "NULL", "null", "#N/A", "\\N", "<NA>"}  # not a category
MIN_WORDS, MIN_CHARACTERS, MIN_TEXTS = 4, 40, 20  # of text: on average, and different ones
MOSTLY_DIFFERENT, MOSTLY_MISSING = 0.5, 0.95
MIN_COUNTED, DENSE = 5, 0.9  # rows that count up, and the share of a range that they fill
MAX_EXACT = 2**53  # an integer beyond it is no float
ID_NAME = re.compile(
    r"(?i:id|ids|index|idx|uuid|guid|key|row_?(names?|id|nr|no|num(ber)?)|unnamed.*|"
    r".*[ _.-](id|ids|key|no|nr|uuid|guid|index))|.*[a-z]I[Dd]"
)

Kind = Literal["number", "category", "text", "date"]


class Reading(NamedTuple):
    """Facts of a table as a whole: its separator, and whether a comma is a decimal one."""

    separator: str = ","
    has_decimal_commas: bool = False


class Found(NamedTuple):
    """A column as it is understood: `values` are as rows.csv has them, "" where one is missing.

    `left_out` says why a model should not have it, `doubts` what may be wrong.
    """

    name: str
    kind: Kind
    values: list[str]
    left_out: str = ""
    doubts: tuple[str, ...] = ()


def find(name: str, texts: list[str], wanted: Kind | None, reading: Reading) -> Found:
    """Returns what a column is, or reads it as the `wanted` kind."""
    counts = Counter(texts)
    numbers = numbers_of(counts, reading.separator, reading.has_decimal_commas)
    if wanted is None:
        return _inferred(name, texts, counts, numbers)
    if wanted == "number":
        return _as_numbers(name, texts, numbers)
    return _as_texts(name, texts, wanted)


def _inferred(name: str, texts: list[str], counts: Counter[str], numbers: Numbers) -> Found:
    present = {text: count for text, count in counts.items() if text not in MISSING}
    if (dates := dates_of(present)) is not None:
        values = [dates.iso.get(text, "") for text in texts]
        more = f"; {dates.doubt}" if dates.doubt else ""
        doubts = (f"{name}: {dates.doubt}",) if dates.doubt else ()
        reason = f"dates: a year or month in a column of its own would be read{more}"
        return Found(name, "date", values, reason, doubts)
    if is_number(counts, numbers):
        found = _as_numbers(name, texts, numbers)
        reason = _no_use(found) or two_ways(numbers) or id_of_numbers(name, found.values)
        return found._replace(left_out=reason)
    found = _as_texts(name, texts, "text" if _is_text(present) else "category")
    hint = almost_numbers(present) if found.kind == "category" else ""
    if hint and len(present) > 2:
        found = found._replace(doubts=(*found.doubts, f"{name}: {hint}"))
    return found._replace(left_out=_no_use(found) or _id_of_texts(found, hint))


def is_number(counts: Mapping[str, int], numbers: Numbers) -> bool:
    """Returns True if a column is one of numbers but for some junk, without leading zeros."""
    present = sum(numbers.junk.values()) + sum(counts[text] for text in numbers.read)
    return (
        bool(numbers.read)
        and not any(map(LEADING_ZERO.fullmatch, numbers.read))
        and len(numbers.junk) <= MAX_JUNK_KINDS
        and sum(numbers.junk.values()) <= MAX_JUNK_SHARE * present
    )


def _is_text(present: Mapping[str, int]) -> bool:
    rows = sum(present.values())
    words = sum(len(text.split()) * count for text, count in present.items())
    characters = sum(len(text) * count for text, count in present.items())
    return len(present) > MIN_TEXTS and (
        words >= MIN_WORDS * rows or characters >= MIN_CHARACTERS * rows
    )


def _as_numbers(name: str, texts: list[str], numbers: Numbers) -> Found:
    doubts = [f"{name}: {numbers.note}"] if numbers.note else []
    if numbers.two_ways:
        doubts.append(f"{name}: {numbers.two_ways}, and is read as the former")
    if numbers.junk:
        kinds = ", ".join(repr(text[:40]) for text in [*numbers.junk][:MAX_JUNK_KINDS])
        doubts.append(
            f"{name}: {kinds} in {counted(numbers.junk.total(), 'row')} is no number, and is read "
            f"as missing; --category {quote(name)} keeps it"
        )
    return Found(name, "number", [numbers.read.get(text, "") for text in texts], "", (*doubts,))


def _as_texts(name: str, texts: list[str], kind: Kind) -> Found:
    """Returns categories or texts; the former on one line, and all as text if one is too long."""
    clean = {text: "" if text in MISSING else text for text in {*texts}}
    doubts = []
    for token in sorted({*clean} & (MISSING - {""})):
        doubts.append(
            f"{name}: {token!r} is read as missing, in {counted(texts.count(token), 'row')}"
        )
    if kind == "category":
        clean = {text: value if value.isprintable() else _printable(value)
                 for text, value in clean.items()}  # fmt: skip
        if any(len(value) > MAX_TEXT for value in clean.values()):
            kind = "text"
            doubts.append(
                f"{name}: a value has over {MAX_TEXT} characters, which no category may have: the "
                f"column is taken as text; --leave-out {quote(name)} leaves it out"
            )
    return Found(name, kind, [clean[text] for text in texts], "", (*doubts,))


def two_ways(numbers: Numbers) -> str:
    """Returns what to do about numbers that can be read in two ways; "" if they are clear."""
    said = f"{numbers.two_ways}: write numbers without separators between thousands"
    return said if numbers.two_ways else ""


def _printable(text: str) -> str:
    return one_line("".join(char for char in text if char.isprintable() or char.isspace()))


def _no_use(found: Found) -> str:
    counts = Counter(found.values)
    missing = counts.pop("", 0)
    if not counts:
        return "empty"
    if missing > MOSTLY_MISSING * len(found.values):
        return f"{missing / len(found.values):.1%} of its values are missing"
    is_flag = missing and found.kind != "number"  # there, or not
    if len(counts) == 1 and not is_flag:
        return f"always {next(iter(counts))[:40]!r}"
    return ""


def id_of_numbers(name: str, values: list[str]) -> str:
    """Returns why numbers seem to be row numbers or keys; "" if they do not."""
    numbers = [float(value) for value in values if value]
    if not all(number.is_integer() for number in numbers):
        return ""
    if max(map(abs, numbers)) > MAX_EXACT:
        return "integers beyond 2^53, which a number cannot hold: a key?"
    different = len({*numbers})
    if different == len(numbers) and _counts_up(numbers):
        return f"counts the rows: {', '.join(f'{number:.0f}' for number in numbers[:3])} …"
    if ID_NAME.fullmatch(name) and different > MOSTLY_DIFFERENT * len(numbers):
        return f"named like a key, and {different:,} of {len(numbers):,} values are different"
    return ""


def _counts_up(numbers: Sequence[float]) -> bool:
    """Returns True if different integers fill a range in constant steps, in any order."""
    if len(numbers) < MIN_COUNTED:
        return False
    ordered = sorted(map(int, numbers))
    step = math.gcd(*(after - before for before, after in pairwise(ordered)))
    return len(ordered) >= DENSE * ((ordered[-1] - ordered[0]) // step + 1)


def _id_of_texts(found: Found, hint: str) -> str:
    present = [value for value in found.values if value]
    different = len({*present})
    if found.kind == "text" or different <= MOSTLY_DIFFERENT * len(present):
        return ""
    said = f"{different:,} of {len(present):,} texts are different"
    return f"{said}; {hint}" if hint else said
