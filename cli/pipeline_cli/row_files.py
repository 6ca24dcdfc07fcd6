"""Reads rows to predict: the words of a command line, or a file, as CSV or JSON."""

import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from pipeline import csv_table
from pipeline.csv_table import Header
from pipeline.table.schema import Column, Number, Schema
from pipeline.table.value_errors import listed
from pipeline_cli.arguments import usage
from pipeline_cli.row_input import Rows, of_words, value
from pipeline_cli.terminal import say

MAX_SHOWN = 200  # characters of a header that are shown


def of_arguments(values: list[str], file: str | None, row_id: str | None, schema: Schema) -> Rows:
    """Reads the rows to predict; raises BadParameter if they cannot be read."""
    with usage("VALUE"):
        if bool(values) == (file is not None):
            raise ValueError(f"give the values of a row ({listed(schema.names)}), or --file")
        if file is None:
            return Rows([of_words(values, schema)], [] if row_id is None else [row_id])
    with usage(f"--file={file}"):
        rows = of_file(file, schema)
    if rows.absent:
        say(f"missing in each row, as the file has no such column: {listed([*rows.absent])}")
    if row_id is None:
        return rows
    with usage("--id"):
        if len(rows.values) > 1:
            raise ValueError("put ids into a column id of the file")
    return Rows(rows.values, [row_id])


def of_file(name: str, schema: Schema) -> Rows:
    """Reads the rows of a CSV or a JSON file; - is stdin. Raises ValueError in words."""
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ValueError(error.strerror) from error
    return of_text(content, schema)


def of_text(content: bytes, schema: Schema) -> Rows:
    """Reads rows as `of_file` does.

    >>> from pipeline.table.schema import Target
    >>> houses = Schema("houses", "regression", Target("price"), [Number("rooms"), Number("area")])
    >>> of_text(b"id;area;rooms\\na;98,5;4", houses)
    Rows(values=[[4.0, 98.5]], ids=['a'], absent=[])
    >>> of_text(b'[{"rooms": 4, "area": null}]', houses).values
    [{'rooms': 4, 'area': None}]
    """
    try:
        text = content.decode("utf-8-sig")  # spreadsheets begin with a byte order mark
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8: {error}") from error
    rows = _of_json(text) if text.lstrip()[:1] in {"[", "{"} else _of_csv(text, schema)
    if not rows.values:
        raise ValueError("there are no rows")
    return rows


def _of_json(text: str) -> Rows:
    """Reads a row, or a list of rows; a row is a list of values, or an object by names."""
    try:
        data = msgspec.json.decode(text)
    except msgspec.MsgspecError as error:
        raise ValueError(f"not JSON: {error}") from error
    is_one = isinstance(data, dict) or not any(isinstance(item, list | dict) for item in data)
    return Rows([data] if is_one and data else data, [])


def _of_csv(text: str, schema: Schema) -> Rows:
    """Reads CSV below a line of names; `id` may be one, and other names are ignored."""
    file = io.StringIO(text, newline=None)
    try:
        header = csv_table.header(file, [*map(_in_header, schema.columns)])
        _check(header, schema)
        return _Sheet(header, schema).rows(csv_table.records(file, header.separator))
    except csv.Error as error:
        raise ValueError(f"not CSV: {error}") from error


def _in_header(column: Column) -> str:
    return csv_table.one_line(column.name)


def _check(header: Header, schema: Schema) -> None:
    """Raises ValueError if a column is there twice, or is not there and must be."""
    names = [*map(_in_header, schema.columns)]
    if twice := [name for name in ("id", *names) if header.names.count(name) > 1]:
        raise ValueError(f"the first line has {twice[0]!r} twice")
    absent = [each for each in schema.columns if _in_header(each) not in header.names]
    has_none = len(absent) == len(names)
    if missing := [each.name for each in absent if has_none or not each.missing]:
        raise ValueError(
            f"the first line of a CSV file names the columns ({listed(names)}); missing: "
            f"{listed(missing)}; it has {str(header)[:MAX_SHOWN]}"
        )


class _Sheet:
    """A CSV file below its header."""

    def __init__(self, header: Header, schema: Schema) -> None:
        self._header = header
        self._columns = [(column, self._place(_in_header(column))) for column in schema.columns]
        self._id = None if "id" in schema.names else self._place("id")
        places = (self._id, *(place for _, place in self._columns))
        self._width = 1 + max(place for place in places if place is not None)

    def rows(self, records: Iterator[list[str]]) -> Rows:
        found = Rows([], [], [column.name for column, place in self._columns if place is None])
        line = 1
        for number, record in enumerate(records, 1):
            if number > self._header.records and any(record):
                try:
                    found.values.append(self._row(record))
                except ValueError as error:
                    raise ValueError(f"line {line}: {error}") from error
                if self._id is not None:
                    found.ids.append(record[self._id].strip())
            line += 1 + sum(field.count("\n") for field in record)
        return found

    def _row(self, record: list[str]) -> list[Any]:
        names = self._header.names
        if len(record) < self._width or any(record[len(names) :]):
            raise ValueError(
                f"{len(record)} values, and the first line has {len(names)} names; a value with "
                "a separator in it stands in double quotes"
            )
        return [
            value("" if place is None else self._text(record[place], column), column)
            for column, place in self._columns
        ]

    def _text(self, text: str, column: Column) -> str:
        """Returns a number with a point instead of a decimal comma."""
        has_comma = self._header.has_decimal_commas and text.count(",") == 1 and "." not in text
        return text.replace(",", ".") if has_comma and isinstance(column, Number) else text

    def _place(self, name: str) -> int | None:
        return self._header.names.index(name) if name in self._header.names else None
