"""Reads rows written by a person: as words of a command line, a CSV file, or a JSON file."""

import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline import csv_table
from pipeline.csv_table import Header
from pipeline.messages import FEATURE_COUNT, FEATURE_NAMES
from pipeline.numbers import finite

MAX_SHOWN = 200  # characters of a header that are shown


class Rows(NamedTuple):
    """Rows in the form that the gateway takes; `ids` is empty, or has one for each row."""

    values: list[Any]
    ids: list[str]


def of_words(words: Sequence[str]) -> Rows:
    """Reads a row from ten numbers, or ten of name=number. Raises ValueError in words.

    >>> of_words("59 2 32.1 101 157 93.2 38 4 4.8598 87".split()).values[0][:3]
    [59.0, 2.0, 32.1]
    >>> of_words(["age=59"])
    Traceback (most recent call last):
    ValueError: these are missing: sex bmi bp s1 s2 s3 s4 s5 s6
    """
    pairs = [word.partition("=") for word in words]
    if not any(equals for _, equals, _ in pairs):
        if len(words) != FEATURE_COUNT:
            raise ValueError(
                f"{len(FEATURE_NAMES)} numbers are needed ({_names()}), not {len(words)}"
            )
        row = [number(word, name) for word, name in zip(words, FEATURE_NAMES, strict=True)]
        return Rows([row], [])
    named: dict[str, float] = {}
    for name, equals, text in pairs:
        if not equals:
            raise ValueError(f"{name!r} has no name: all ten are name=number, or none is")
        if name not in FEATURE_NAMES or name in named:
            raise ValueError(f"{name!r} {'is given twice' if name in named else 'is not a column'}")
        named[name] = number(text, name)
    if missing := [name for name in FEATURE_NAMES if name not in named]:
        raise ValueError(f"these are missing: {' '.join(missing)}")
    return Rows([named], [])


def of_file(name: str) -> Rows:
    """Reads the rows of a CSV or a JSON file; - is stdin. Raises ValueError in words."""
    try:
        return of_text(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except OSError as error:
        raise ValueError(error.strerror) from error


def of_text(content: bytes) -> Rows:
    """
    >>> of_text(b"id,age,sex,bmi,bp,s1,s2,s3,s4,s5,s6\\na,9,2,32.1,101,157,93.2,38,4,4.9,87").ids
    ['a']
    """
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin with a byte order mark
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error}") from error
    rows = _of_json(text) if text.lstrip()[:1] in {"[", "{"} else _of_csv(text)
    if not rows.values:
        raise ValueError("there are no rows")
    return rows


def _of_json(text: str) -> Rows:
    """Reads a row, or a list of rows; a row is a list of ten numbers, or an object of ten."""
    try:
        data = msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not JSON: {error}") from error
    is_one = isinstance(data, dict) or not any(isinstance(item, list | dict) for item in data)
    return Rows([data] if is_one and data else data, [])


def _of_csv(text: str) -> Rows:
    """Reads CSV below a line of names; `id` may be one, and other names are ignored."""
    file = io.StringIO(text, newline=None)
    try:
        header = csv_table.header(file, FEATURE_NAMES)
        if missing := [name for name in FEATURE_NAMES if name not in header.names]:
            raise ValueError(
                f"the first line of a CSV file names the columns ({_names()}); missing: "
                f"{' '.join(missing)}; it has {str(header)[:MAX_SHOWN]}"
            )
        return _rows_below(header, csv_table.records(file, header.separator))
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error


def _rows_below(header: Header, records: Iterator[list[str]]) -> Rows:
    rows = Rows([], [])
    for line, record in enumerate(records, 1):
        if line <= header.records or not any(record):
            continue
        fields = dict(zip(header.names, record, strict=False))
        try:
            row = {name: _cell(fields.get(name, ""), name, header) for name in FEATURE_NAMES}
        except ValueError as error:
            raise ValueError(f"line {line}: {error}") from error
        rows.values.append(row)
        if "id" in header.names:
            rows.ids.append(fields.get("id", "").strip())
    return rows


def _cell(text: str, name: str, header: Header) -> float:
    is_decimal = header.has_decimal_commas and text.count(",") == 1 and "." not in text
    return number(text.replace(",", ".") if is_decimal else text, name)


def number(text: str, name: str) -> float:
    """Reads a finite number. Raises ValueError in words."""
    found = finite(text)
    if found is None:
        raise ValueError(f"{name}: {text!r} is not a number")
    return found


def _names() -> str:
    return " ".join(FEATURE_NAMES)
