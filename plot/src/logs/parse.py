"""Parses whole lines of a log: all at once where each is a row, line by line where one is not.

pandas reads a block of 50,000 rows ten times faster than Python reads its lines. But it is lenient:
it fills up a line that is too short, shifts one that is too long, and turns a whole column into
text for one bad number. So its answer is taken only if it proves that every line is a row; else
each line of the block is read alone, which tells the bad ones from the good ones.
"""

import csv
import io
import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from logs.layout import COMPUTED, ID, LABELS, NAMES, Layout, own
from logs.rows import NO_CLASS, UNKNOWN_CLASS, AnyRows, Codes, LoggedRow, Rows

MAX_NAME_CHARACTERS = 64  # of a model's name; a line with a longer one is none of ours


def parse(
    block: bytes, kind: type[AnyRows], layout: Layout | None = None
) -> tuple[AnyRows, list[bytes]]:
    """Returns the rows of whole lines of CSV without a header, and the lines that are not rows.

    Without a layout the lines are read as those of our metric.
    """
    # One bad line in a block costs this block the slow way, and no other: a program that writes a
    # bad line now and then slows plot down by a little, and a log without one is read fast.
    layout = layout or own(kind._fields)
    rows = _parse_at_once(block, kind, layout)
    return (rows, []) if rows is not None else _parse_by_line(block, kind, layout)


def last_rows(lines: list[bytes], count: int, layout: Layout) -> list[LoggedRow]:
    """Returns up to `count` rows of the lines, the latest first."""
    rows = (LoggedRow(_id(line, layout), *_values(line, Rows, layout)) for line in reversed(lines))
    valid = (row for row in rows if row.is_valid(layout.classes))
    return list(itertools.islice(valid, count))


def _id(line: bytes, layout: Layout) -> str:
    place = layout.places.get(ID)
    texts = layout.cut(line)
    return texts[place] if texts and place is not None else ""


def _parse_at_once(block: bytes, kind: type[AnyRows], layout: Layout) -> AnyRows | None:
    """Parses fast; returns None if one of the lines may not be a row."""
    fields = [name for name in kind._fields if name in layout.places]
    lines = block.count(b"\n")
    if not _has_columns(block, lines, fields, layout):
        return None
    # pandas leaves out blank lines, and a column with one bad number comes back as text.
    frame = _frame(block, fields, layout)
    if frame is None or len(frame) != lines:
        return None
    if not all(_is_sound(values, layout.is_number(str(name))) for name, values in frame.items()):
        return None
    rows = _rows(kind, {name: frame[name] for name in fields}, layout)
    return rows if rows.valid().all() else None


def _has_columns(block: bytes, lines: int, fields: list[str], layout: Layout) -> bool:
    """Returns True if no line is too short or too long, as far as pandas would hide it."""
    if _is_quoted(block, layout):
        return _has_width(block, lines, layout)
    # A line that is too short or too long changes the sum, unless one of each makes up for it.
    if block.count(layout.separator.encode()) != lines * (layout.width - 1):
        return False
    # Then the short one has NaN in its last column, and is found later; but if no number is read
    # from that column, pandas hides it, so look where the lines end.
    numbers = {layout.places[name] for name in fields if layout.is_number(name)}
    return layout.width - 1 in numbers or _has_width(block, lines, layout)


def _is_quoted(block: bytes, layout: Layout) -> bool:
    """Returns True for classes in quotes: numbers need none, nor does an id of ours."""
    return bool(layout.classes) and b'"' in block


def _has_width(block: bytes, lines: int, layout: Layout) -> bool:
    """Returns True if each line has as many columns as it should."""
    content = np.frombuffer(block, np.uint8)
    is_end = (content == ord(layout.separator)) | (content == ord("\n"))
    if _is_quoted(block, layout):  # within quotes, of which there are so far an odd number
        is_end &= np.cumsum(content == ord('"')) % 2 == 0
    ends = content[is_end]
    at_ends = ends[layout.width - 1 :: layout.width]
    return len(ends) == lines * layout.width and bool((at_ends == ord("\n")).all())


def _frame(block: bytes, fields: list[str], layout: Layout) -> pd.DataFrame | None:
    names = {place: name for name, place in layout.places.items()}
    has_commas = layout.has_decimal_commas and b"," in block
    try:
        return pd.read_csv(
            io.BytesIO(block),
            sep=layout.separator,
            decimal="," if has_commas else ".",
            names=[names.get(place, place) for place in range(layout.width)],
            usecols=fields,
            dtype=_text_types(fields, layout),
            keep_default_na=False,
            quoting=csv.QUOTE_MINIMAL if _is_quoted(block, layout) else csv.QUOTE_NONE,
            lineterminator="\n",
            encoding_errors="replace",
            low_memory=False,
        )
    except ValueError:  # the base class of what pandas raises for bad content
        return None


def _text_types(fields: list[str], layout: Layout) -> dict[str, Any]:
    """Returns the types of the columns that are texts: 007 is no number there."""
    names: dict[str, Any] = {name: str for name in fields if name in NAMES}
    return names | {name: "category" for name in LABELS if layout.is_class(name)}


def _is_sound(values: "pd.Series[Any]", is_number: bool) -> bool:
    if is_number:
        return values.dtype.kind in "if"
    if values.dtype == "category":
        return True
    return bool((values.str.len() <= MAX_NAME_CHARACTERS).all())


def _parse_by_line(
    block: bytes, kind: type[AnyRows], layout: Layout
) -> tuple[AnyRows, list[bytes]]:
    """Parses about ten times slower, but a bad line spoils no other."""
    lines = io.BytesIO(block).readlines()
    found = [_values(line, kind, layout) for line in lines]
    columns = {name: [row[n] for row in found] for n, name in enumerate(kind._fields)}
    rows = _rows(kind, columns, layout)
    valid = rows.valid()
    bad = [line for line, is_valid in zip(lines, valid, strict=True) if not is_valid]
    good: list[Any] = [column[valid] for column in rows]
    return kind(*good), bad


def _values(line: bytes, kind: type[AnyRows], layout: Layout) -> list[Any]:
    """Returns the values of a line; NaN throughout if it is not a row."""
    nothing = [math.nan if layout.is_number(name) else "" for name in kind._fields]
    texts = layout.cut(line)
    if not texts:
        return nothing
    try:
        found = {name: _value(name, texts[place], layout) for name, place in layout.places.items()}
    except ValueError:
        return nothing
    if COMPUTED not in found:
        label, prediction = found["y_true"], found["y_pred"]
        found[COMPUTED] = float(label != prediction) if layout.classes else abs(label - prediction)
    return [found[name] for name in kind._fields]


def _value(name: str, text: str, layout: Layout) -> Any:
    """Reads one value. Raises ValueError if it cannot stand in the column of this name."""
    if name == ID or layout.is_class(name):
        return text
    if name in NAMES:
        if len(text) > MAX_NAME_CHARACTERS:
            raise ValueError(name)
        return text
    return float(text.replace(",", ".") if layout.has_decimal_commas else text)


def _rows(kind: type[AnyRows], columns: "dict[str, Any]", layout: Layout) -> AnyRows:
    arrays = {name: _array(name, values, layout) for name, values in columns.items()}
    if COMPUTED not in arrays:
        label, prediction = arrays["y_true"], arrays["y_pred"]
        with np.errstate(over="ignore", invalid="ignore"):
            error = label != prediction if layout.classes else np.abs(label - prediction)
        arrays[COMPUTED] = error.astype(np.float64)
    return kind(*(arrays[name] for name in kind._fields))


def _array(name: str, values: "list[Any] | pd.Series[Any]", layout: Layout) -> npt.NDArray[Any]:
    if layout.is_class(name):
        return _codes(values, layout.classes)
    return np.asarray(values, dtype=np.object_ if name in NAMES else np.float64)


def _codes(texts: "list[str] | pd.Series[Any]", classes: tuple[str, ...]) -> Codes:
    """Returns the place of each text among the classes; looked up once for each different text."""
    column = pd.Categorical(texts)
    places = pd.Index(["", *classes]).get_indexer(column.categories) + NO_CLASS
    codes: Codes = np.append(places, UNKNOWN_CLASS)[column.codes]  # the last, of a missing text
    return codes
