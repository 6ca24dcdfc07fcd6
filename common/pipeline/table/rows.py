"""The rows of a data set, read from `rows.csv` by its schema."""

import codecs
import csv
import hashlib
import io
from collections.abc import Callable, Sequence
from shlex import quote
from typing import NamedTuple

import msgspec
import numpy as np

from pipeline.numbers import finite
from pipeline.table import split
from pipeline.table.schema import Column, Number, Schema, SchemaError

Value = float | str | None
Label = float | str

BLOCK_BYTES = 2**20


class Rows(NamedTuple):
    """n rows: `values[i]` are in the order of the schema's columns, `labels[i]` is what they give.

    A number that is missing is None, another value "". `is_held_out`, shape (n,), is True for the
    rows that no model may be trained on. They are in the order of the file, or of their times.
    `holdout_order` has the indexes of those held out, if they come in another order, and
    `training_order` those of the others.
    """

    values: list[list[Value]]
    labels: list[Label]
    is_held_out: split.Mask
    holdout_order: list[int] | None = None
    training_order: list[int] | None = None

    def training(self) -> tuple[list[list[Value]], list[Label]]:
        """Returns the values and labels of the rows to train on."""
        return self._part(self.training_order or np.flatnonzero(~self.is_held_out).tolist())

    def holdout(self) -> tuple[list[list[Value]], list[Label]]:
        """Returns the values and labels of the rows that no model has seen."""
        return self._part(self.holdout_order or np.flatnonzero(self.is_held_out).tolist())

    def _part(self, picked: list[int]) -> tuple[list[list[Value]], list[Label]]:
        return [self.values[index] for index in picked], [self.labels[index] for index in picked]


def read_rows(content: bytes, schema: Schema, place: str) -> Rows:
    """Returns the rows in the content of `rows.csv`; `place` names the file in errors.

    Rows without a label are left out. Raises SchemaError if the content is not what the schema was
    made for, or a value is not of its column's type.
    """
    digest = hashlib.sha256(content).hexdigest()
    if schema.rows_sha256 and digest != schema.rows_sha256:
        raise SchemaError(
            f"{place} is not the file that its schema was made for: its SHA-256 begins with "
            f"{digest[:12]}, and not with {schema.rows_sha256[:12]}. To take it in anew: python -m "
            f"pipeline dataset init {quote(place)} --name {schema.name} --replace (with Docker: "
            "docker compose run --rm pipeline dataset …); or, if its columns are as before, put "
            f'into its schema.json: "rows_sha256": "{digest}"'
        )
    _check_encoding(content, place)
    # Read in parts: as one text it would take five times as much memory.
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
    records = csv.reader(text, strict=True)
    try:
        table = _Table(schema, next(records, []))
        for record in records:
            table.add(record)
    except (csv.Error, ValueError) as error:
        raise SchemaError(f"{place}, line {max(1, records.line_num)}: {error}") from error
    return table.rows()


def _check_encoding(content: bytes, place: str) -> None:
    """Raises SchemaError for what is not UTF-8.

    It is read in parts, as one rare character makes a whole text four times as large.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(content), BLOCK_BYTES):
        end, begun = start + BLOCK_BYTES, len(decoder.getstate()[0])
        try:
            decoder.decode(content[start:end], final=end >= len(content))
        except UnicodeDecodeError as error:
            at = start - begun + error.start
            raise SchemaError(f"{place}: no UTF-8 at byte {at}: save it as UTF-8") from error


class _Table:
    """Rows on their way in, with the readers of their columns."""

    def __init__(self, schema: Schema, header: Sequence[str]) -> None:
        self._schema = schema
        self._width = len(header)
        self._readers = [(_place(header, each.name), _reader(each)) for each in schema.columns]
        self._target = _place(header, schema.target.name)
        self._key = _place(header, schema.split_column) if schema.split_column else None
        self._values: list[list[Value]] = []
        self._labels: list[Label] = []
        self._keys: list[str] = []

    def add(self, record: list[str]) -> None:
        if not record:  # an empty line
            return
        if len(record) != self._width:
            raise ValueError(f"{len(record)} values, and the header has {self._width} names")
        if not record[self._target].strip():
            return
        self._values.append([read(record[place]) for place, read in self._readers])
        self._labels.append(_label(record[self._target].strip(), self._schema))
        self._keys.append("" if self._key is None else record[self._key])

    def rows(self) -> Rows:
        if self._schema.split != "time":
            return Rows(self._values, self._labels, self._held_out())
        times = _times(self._keys)
        order = sorted(range(len(times)), key=times.__getitem__)
        mask = split.by_time(times)[order]
        return Rows(
            [self._values[index] for index in order], [self._labels[index] for index in order], mask
        )

    def _held_out(self) -> split.Mask:
        if self._schema.split == "group":
            return split.by_key([key.encode() for key in self._keys])
        keys = map(msgspec.json.encode, self._values)  # one at a time: all take what the rows take
        is_classes = self._schema.task == "classification"
        return split.by_key(keys, [*map(str, self._labels)] if is_classes else None)


def _place(header: Sequence[str], name: str) -> int:
    if name not in header:
        raise ValueError(f"there is no column {name!r}, which the schema names")
    return header.index(name)


def _reader(column: Column) -> Callable[[str], Value]:
    """Returns what reads one value of a column; it raises ValueError with the column's name."""

    def read(text: str) -> Value:
        text = text.strip()
        if not text:
            if not column.missing:
                raise ValueError(f"{column.name}: missing, and the schema does not allow it")
            return None if isinstance(column, Number) else ""
        return _number(text, column.name) if isinstance(column, Number) else text

    return read


def _number(text: str, name: str) -> float:
    number = finite(text)
    if number is None:
        raise ValueError(f"{name}: {text[:40]!r} is no number")
    return number


def _label(text: str, schema: Schema) -> Label:
    if schema.task == "regression":
        return _number(text, schema.target.name)
    if text not in schema.target.classes:
        classes = ", ".join(schema.target.classes)
        raise ValueError(f"{schema.target.name}: {text[:40]!r} is none of the classes {classes}")
    return text


def _times(texts: list[str]) -> list[float] | list[str]:
    """Returns times as numbers, or as texts (dates of ISO 8601 sort so) if one is no number."""
    try:
        return [float(text) for text in texts]
    except ValueError:
        return texts
