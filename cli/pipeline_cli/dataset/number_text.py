"""Numbers as people write them: decimal commas, groups of thousands, and words for missing."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pipeline.numbers import finite

MAX_JUNK_SHARE, MAX_JUNK_KINDS = 0.01, 3
# Words for a missing number, in lower case: a category may well be called "none" or "-".
MISSING = {
    "", "na", "n/a", "n.a.", "nan", "-nan", "null", "none", "nil", "nd", "missing", "unknown",
    "-", "--", "–", "—", "?", ".", "..", "...", "*", "\\n", "<na>", "#n/a", "#na", "#value!",
    "#div/0!", "#ref!", "#num!", "inf", "-inf", "+inf",
}  # fmt: skip
GROUP = "[ '’\u00a0\u202f]"
POINT = re.compile(rf"[+-]?\d{{1,3}}(?:(?:{GROUP}\d{{3}})+|(?:,\d{{3}})+)(?:\.\d+)?")
COMMA = re.compile(
    rf"[+-]?(?:\d{{1,3}}(?:(?:{GROUP}\d{{3}})+|(?:\.\d{{3}})+)|\d*)(?:,\d+(?:[eE][+-]?\d+)?)?"
)
CERTAINLY_DECIMAL = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+,\d+|\d+,(\d{1,2}|\d{4,}))")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+")
LEADING_ZERO = re.compile(r"[+-]?0\d+")

AROUND = (
    r"^[^\w.,+(<>-]+|\s*[^\w.,+)]+$|\s+[^\W\d]+$"  # a number; (5), <5 and 5+ mean others than 5
)

Read = Callable[[str], str | None]


class Numbers(NamedTuple):
    """Texts of a column and how they are read: `read` has each number, as Python writes it.

    `junk` counts the texts that are none and are read as missing. `note` tells how one of them was
    read, if that may be wrong; `two_ways` tells that nothing in the file decides.
    """

    read: dict[str, str]
    junk: Counter[str]
    note: str = ""
    two_ways: str = ""


def is_decimal_comma(texts: Mapping[str, int]) -> bool:
    """Returns True if a column proves that a comma in its numbers stands for a point."""
    return any(map(CERTAINLY_DECIMAL.fullmatch, texts)) and not junk_of(
        texts, {text for text in texts if with_comma(text) is not None}
    )


def numbers_of(texts: Mapping[str, int], separator: str, has_decimal_commas: bool) -> Numbers:
    """Returns how the texts of a column, with their counts, are read as numbers by most of them."""
    styles: list[Read] = [with_point]
    if separator != ",":
        styles = [with_comma, with_point] if has_decimal_commas else [with_point, with_comma]
    best, *others = sorted(
        (_read_by(style, texts) for style in styles),
        key=lambda found: -sum(texts[text] for text in found.read),
    )
    if others and not has_decimal_commas:
        for text, number in best.read.items():
            other = others[0].read.get(text, number)
            if "," in text and float(number) != float(other):
                return best._replace(two_ways=f"{text!r} may be {number} or {other}")
    return best._replace(note=next(_grouped(best.read), "") or _point_in_doubt(best.read, others))


def junk_of(texts: Mapping[str, int], read: set[str] | Mapping[str, str]) -> Counter[str]:
    """Returns the texts that are neither numbers nor words for missing, with their counts."""
    return Counter({
        text: count
        for text, count in texts.items()
        if text not in read and text.lower() not in MISSING
    })  # fmt: skip


def with_point(text: str) -> str | None:
    """Returns a number with a decimal point; None if it is none.

    >>> with_point("1,234.5"), with_point("1 234"), with_point("1,5")
    ('1234.5', '1234', None)
    """
    text = text.replace("−", "-")
    if POINT.fullmatch(text):
        return re.sub(f"{GROUP}|,", "", text)
    return text if finite(text) is not None else None


def with_comma(text: str) -> str | None:
    """Returns a number with a decimal comma, or without decimals, as one with a point.

    >>> with_comma("1.234,5"), with_comma("1,5"), with_comma("1.5")
    ('1234.5', '1.5', None)
    """
    text = text.replace("−", "-")
    if not COMMA.fullmatch(text):
        return None
    plain = re.sub(rf"{GROUP}|\.", "", text).replace(",", ".")
    return plain if finite(plain) is not None else None


def almost_numbers(present: Iterable[str]) -> str:
    """Returns a hint for amounts of money, percentages and the like; "" if there is none.

    >>> almost_numbers(["$1,234", "-"]), almost_numbers(["007"]), almost_numbers(["(5)"])
    ("if '$1,234' is to be a number, write it as 1234", '', '')
    """
    hint = ""
    for text in (each for each in present if each.lower() not in MISSING):
        bare = re.sub(AROUND, "", text)
        number = with_point(bare) or with_comma(bare)
        if number is None:
            return ""
        if number != text and not hint:
            hint = f"if {text[:20]!r} is to be a number, write it as {number[:20]}"
    return hint


def _read_by(style: Read, texts: Mapping[str, int]) -> Numbers:
    read = {text: found for text in texts if (found := style(text)) is not None}
    return Numbers(read, junk_of(texts, read))


def _grouped(read: Mapping[str, str]) -> Iterator[str]:
    for text, number in read.items():
        group = "," if re.search(r",\d{3}", text) and "," not in number else "."
        if text.count(group) > number.count(group) and float(number) >= 1000:
            yield f"{text!r} is read as {number}"


def _point_in_doubt(read: Mapping[str, str], others: list[Numbers]) -> str:
    """Returns how a point was read that may separate thousands; "" where that is clear."""
    pointed = [text for text in read if "." in text]
    if not others or not pointed or not all(map(THOUSANDS.fullmatch, pointed)):
        return ""
    text = pointed[0]
    other = others[0].read.get(text, read[text])
    return f"{text!r} is read as {read[text]}, and may be {other}" if other != read[text] else ""
