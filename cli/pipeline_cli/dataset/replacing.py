"""Keeps what people have decided of a data set that is made anew, and tells what moves."""

import csv
import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.table.data_sets import ROWS_FILE, SCHEMA_FILE, load_schema
from pipeline.table.rows import Rows, read_rows
from pipeline.table.schema import Category, Column, Number, Schema, SchemaError, Target, Text
from pipeline.table.table_size import check_size
from pipeline_cli.dataset.column_types import Kind
from pipeline_cli.dataset.making import Made, Wishes

OF_NUMBERS = ("title", "note", "unit", "lowest", "highest", "step", "measured")
OF_OTHERS = ("title", "note")
KINDS: dict[type, Kind] = {Number: "number", Category: "category", Text: "text"}


class Old(NamedTuple):
    """The data set that is replaced.

    `header` has the names in its rows.csv: those that the schema does not have were left out.
    """

    schema: Schema
    header: list[str]
    path: Path


class Sides(NamedTuple):
    """Rows to train on, and those held out, by digests of what is in both data sets."""

    names: list[str]
    seen: Counter[bytes]
    held_out: Counter[bytes]


def old_of(name: str, datasets: Path) -> Old | None:
    """Returns the data set of this name; None if there is none with a schema.

    Raises SchemaError for a wrong schema, as titles and types in it would be lost.
    """
    path = datasets / name / ROWS_FILE
    if not path.with_name(SCHEMA_FILE).exists():
        return None
    try:
        return Old(load_schema(name, datasets), _header(path), path)
    except SchemaError as error:
        raise SchemaError(f"{error}; mend it, or remove the file to begin anew") from error


def sides_of(old: Old, schema: Schema) -> Sides | None:
    """Returns the sides of the old rows; None if its rows.csv is no longer whole."""
    try:
        check_size(old.path)
        content = _as_it_was(old.path.read_bytes(), old.schema.rows_sha256)
        rows = read_rows(content, old.schema, str(old.path))
    except (OSError, SchemaError):
        return None
    names = [name for name in schema.names if name in old.schema.names]
    return _sides(rows, old.schema, names)


def _as_it_was(content: bytes, digest: str) -> bytes:
    """Returns the content up to which the digest holds, if rows were only appended to it."""
    known, end = hashlib.sha256(), 0
    for line in content.splitlines(keepends=True):
        known.update(line)
        end += len(line)
        if known.hexdigest() == digest:
            return content[:end]
    return content


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, ValueError, csv.Error):
        return []


def with_old(wishes: Wishes, old: Old, names: Sequence[str]) -> Wishes:
    """Returns wishes with what the old schema has decided, where they do not decide it anew."""
    own = {*wishes.kinds, *wishes.leave_out, wishes.target}
    kinds = {column.name: KINDS[type(column)] for column in old.schema.columns
             if column.name in names and column.name not in own}  # fmt: skip
    was_out = {
        name: f"schema.json did not have it before; --keep {name} takes it in"
        for name in names
        if name in old.header
        and name not in {*old.schema.names, old.schema.target.name, *own, *wishes.keep}
    }
    task = wishes.task
    if wishes.target == old.schema.target.name:
        task = task or old.schema.task
    keeps_split = wishes.split is None
    return wishes._replace(
        kinds={**kinds, **wishes.kinds},
        leave_out={**was_out, **wishes.leave_out},
        task=task,
        title=wishes.title or old.schema.title,
        split=old.schema.split if keeps_split else wishes.split,
        split_column=old.schema.split_column if keeps_split else wishes.split_column,
    )


def with_words(made: Made, old: Old) -> Made:
    """Returns the data set with the titles, units and notes that a person gave to the old one."""
    before = {column.name: column for column in old.schema.columns}
    columns = [_with_words(column, before.get(column.name)) for column in made.schema.columns]
    target = _target_with_words(made.schema.target, old.schema.target)
    schema = msgspec.structs.replace(made.schema, columns=columns, target=target)
    return made._replace(schema=schema)


def gone(old: Old, names: Collection[str]) -> list[str]:
    """Returns the columns that the table does not have any more."""
    lost = [name for name in old.schema.names if name not in names]
    return [f"not in the table any more, and so no longer a column: {', '.join(lost)}"] * bool(lost)


def moved(before: Sides | None, schema: Schema, rows: Rows) -> list[str]:
    """Returns how many rows are on another side of the split than before."""
    if before is None:
        return [
            "the old rows are gone, so how many of those that models were trained on are now held "
            "out cannot be told"
        ]
    now = _sides(rows, schema, before.names)
    now_out, now_in = (before.seen & now.held_out).total(), (before.held_out & now.seen).total()
    if not now_out and not now_in:
        return []
    return [
        f"{now_out:,} of the {before.seen.total():,} rows that models were trained on are now held "
        f"out, and {now_in:,} that were held out are now to train on: errors of older models on "
        "them look better than they are"
    ]


def _sides(rows: Rows, schema: Schema, names: list[str]) -> Sides:
    places = [schema.names.index(name) for name in names]
    seen: Counter[bytes] = Counter()
    held_out: Counter[bytes] = Counter()
    for row, label, is_out in zip(rows.values, rows.labels, rows.is_held_out, strict=True):
        key = msgspec.json.encode([[row[place] for place in places], label])
        (held_out if is_out else seen)[hashlib.blake2b(key, digest_size=8).digest()] += 1
    return Sides(names, seen, held_out)


def _with_words(column: Column, before: Column | None) -> Column:
    if before is None or type(before) is not type(column):
        return column
    keys = OF_NUMBERS if isinstance(column, Number) else OF_OTHERS
    return msgspec.structs.replace(column, **{key: getattr(before, key) for key in keys})


def _target_with_words(target: Target, before: Target) -> Target:
    if target.name != before.name:
        return target
    still = [name for name in before.classes if name in target.classes]
    classes = still + [name for name in target.classes if name not in still]
    return msgspec.structs.replace(
        target, title=before.title, unit=before.unit, classes=classes if target.classes else []
    )
