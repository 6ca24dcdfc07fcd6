"""What stays of a data set that is made anew, and which rows change sides."""

import csv
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pipeline.table.data_sets import ROWS_FILE, load_schema
from pipeline.table.rows import Rows, read_rows
from pipeline.table.schema import Category, Column, Number, Schema, SchemaError, Target, Text
from pipeline.table.table_size import check_size
from pipeline_cli.dataset.column_types import Kind
from pipeline_cli.dataset.making import Made, Wishes

OF_NUMBERS = ("title", "note", "unit", "lowest", "highest", "step", "measured")
OF_OTHERS = ("title", "note")
KINDS: dict[type, Kind] = {Number: "number", Category: "category", Text: "text"}


class Old(NamedTuple):
    """The data set that is replaced; `rows` is None if its rows.csv is no longer whole.

    `header` has the names in its rows.csv: those that the schema does not have were left out.
    """

    schema: Schema
    header: list[str]
    rows: Rows | None


def old_of(name: str, datasets: Path) -> Old | None:
    """Returns the data set of this name; None if there is none with a schema."""
    path = datasets / name / ROWS_FILE
    try:
        schema = load_schema(name, datasets)
    except SchemaError:
        return None
    try:
        check_size(path)
        content = path.read_bytes()
        rows = read_rows(_as_it_was(content, schema.rows_sha256), schema, str(path))
    except (OSError, SchemaError):
        return Old(schema, _header(path), None)
    return Old(schema, _header(path), rows)


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
    own = {*wishes.keep, *wishes.kinds, *wishes.leave_out, wishes.target}
    kinds = {column.name: KINDS[type(column)] for column in old.schema.columns
             if column.name in names and column.name not in own}  # fmt: skip
    was_out = {
        name: f"schema.json did not have it before; --keep {name} takes it in"
        for name in names
        if name in old.header and name not in {*old.schema.names, old.schema.target.name, *own}
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


def moved(old: Old, schema: Schema, rows: Rows) -> list[str]:
    """Returns how many rows are on another side of the split than before."""
    if old.rows is None:
        return [
            "the old rows are gone, so how many of those that models were trained on are now held "
            "out cannot be told"
        ]
    names = [name for name in schema.names if name in old.schema.names]
    was_seen, was_held_out = (
        _keys(part, old.schema, names) for part in (old.rows.training(), old.rows.holdout())
    )
    seen, held_out = (_keys(part, schema, names) for part in (rows.training(), rows.holdout()))
    now_out, now_in = (was_seen & held_out).total(), (was_held_out & seen).total()
    if not now_out and not now_in:
        return []
    return [
        f"{now_out:,} of the {len(old.rows.training()[1]):,} rows that models were trained on are "
        f"now held out, and {now_in:,} that were held out are now to train on: errors of older "
        "models on them look better than they are"
    ]


def _keys(part: tuple[list[Any], list[Any]], schema: Schema, names: list[str]) -> Counter[bytes]:
    places = [schema.names.index(name) for name in names]
    return Counter(
        msgspec.json.encode([[row[place] for place in places], label])
        for row, label in zip(*part, strict=True)
    )


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
