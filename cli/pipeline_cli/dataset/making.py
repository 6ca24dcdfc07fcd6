"""Makes a data set from a table: what a row has, what is predicted, which rows are left."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from shlex import quote
from types import MappingProxyType
from typing import NamedTuple

from pipeline.table.schema import (
    MAX_COLUMNS,
    Category,
    Column,
    Number,
    Schema,
    SchemaError,
    Split,
    Target,
    Task,
    Text,
)
from pipeline.table.schema_file import JOB_ID, value_problem
from pipeline_cli.dataset import doubts
from pipeline_cli.dataset.column_types import Found, Kind, Reading, find
from pipeline_cli.dataset.number_text import is_decimal_comma
from pipeline_cli.dataset.table_file import Table, refuse_unknown
from pipeline_cli.dataset.target import Labels, in_order, labels_of
from pipeline_cli.dataset.words import counted
from pipeline_cli.dataset.writing import content_of

MAX_VALUES = 1_000  # of a category, that are listed
JOB_ID_REASON = "requests have the ids of rows there: give it another name in the CSV to have it"


class Wishes(NamedTuple):
    """Decisions of a person; all else is inferred."""

    name: str
    target: str
    task: Task | None = None
    title: str = ""
    split: Split | None = None
    split_column: str = ""
    kinds: Mapping[str, Kind] = MappingProxyType({})
    keep: frozenset[str] = frozenset()
    leave_out: Mapping[str, str] = MappingProxyType({})  # each with its reason
    drop_rare_classes: bool = False


class Made(NamedTuple):
    """A schema, the content of its rows.csv, and what there is to say about them."""

    schema: Schema
    content: bytes
    left_out: dict[str, str]
    doubts: list[str]


def make(table: Table, wishes: Wishes) -> Made:
    """Returns the data set. Raises SchemaError if the table makes none, with the cure."""
    _refuse_names(wishes, table.columns)
    reading = _reading(table)
    texts = table.columns[wishes.target]
    labels = labels_of(wishes.target, texts, wishes.task, reading, wishes.drop_rare_classes)
    has_label = [*map(bool, labels.values)]
    found = {
        name: find(name, _kept(texts, has_label), wishes.kinds.get(name), reading)
        for name, texts in table.columns.items()
        if name != wishes.target
    }
    left_out = {name: reason for name in found if (reason := _left_out(found[name], wishes))}
    columns = [_column(each) for name, each in found.items() if name not in left_out]
    _refuse_number(columns, left_out)
    _refuse_times(found, wishes)
    values = {name: found[name].values if name in found else _kept(labels.values, has_label)
              for name in table.columns}  # fmt: skip
    content = content_of(values)
    target = _target(wishes.target, labels)
    schema = Schema(
        wishes.name, labels.task, target, columns, wishes.title, wishes.split or "hash",
        wishes.split_column, hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    said = [*table.notes, *doubts.dropped(has_label, wishes.target), *labels.doubts]
    said += _doubts(schema, found)
    return Made(schema, content, left_out, said)


def _doubts(schema: Schema, found: dict[str, Found]) -> list[str]:
    used = {name: found[name] for name in schema.names}
    said = [doubt for each in used.values() for doubt in each.doubts]
    if not schema.split_column:
        said += doubts.offers(found, used)
    elif schema.split == "group":
        said += doubts.ungrouped(found[schema.split_column])
    return said + [text for column in schema.columns
                   for text in doubts.unlisted(column, found[column.name])]  # fmt: skip


def _refuse_names(wishes: Wishes, names: Collection[str]) -> None:
    """Raises SchemaError for wishes about no column, or about the target as if it were another."""
    others = [wishes.split_column, *wishes.kinds, *wishes.keep, *wishes.leave_out]
    refuse_unknown(filter(None, [wishes.target, *others]), names)
    if wishes.target in others:
        raise SchemaError(
            f"{wishes.target} is the column to predict: --task says whether it is a number or a "
            "class, and no split can be by it"
        )


def _reading(table: Table) -> Reading:
    if table.separator == ",":
        return Reading()
    decimal = any(is_decimal_comma(Counter(texts)) for texts in table.columns.values())
    return Reading(table.separator, decimal)


def _kept(texts: list[str], has_label: list[bool]) -> list[str]:
    return [text for text, kept in zip(texts, has_label, strict=True) if kept]


def _left_out(found: Found, wishes: Wishes) -> str:
    if found.name in wishes.leave_out:
        return wishes.leave_out[found.name]
    if found.name == wishes.split_column and found.name not in wishes.keep:
        if wishes.split == "group":
            return "the groups of the split"
        if found.kind == "date":
            return "the times of the split"
    is_wanted = found.name in wishes.keep or found.name in wishes.kinds
    if found.name == JOB_ID:
        if is_wanted:
            raise SchemaError(f"{JOB_ID} can be no column: {JOB_ID_REASON}")
        return JOB_ID_REASON
    if is_wanted and not any(found.values):
        what = "a number" if found.kind == "number" else "a value"
        raise SchemaError(f"{found.name}: no row has {what}: leave the column out")
    return "" if is_wanted else found.left_out


def _column(found: Found) -> Column:
    missing = not all(found.values)
    if found.kind == "number":
        numbers = [float(value) for value in found.values if value]
        return Number(found.name, least=min(numbers), most=max(numbers), missing=missing)
    if found.kind == "text":
        return Text(found.name, missing=missing)
    counts = Counter(value for value in found.values if value and not value_problem(value))
    listed = [value for value, _ in counts.most_common(MAX_VALUES)]
    if not listed:
        wrong = value_problem(min(filter(None, found.values)))
        raise SchemaError(
            f"{found.name}: none of its values can be one of a category: {wrong}: --text "
            f"{quote(found.name)} takes it as text, --leave-out {quote(found.name)} leaves it out"
        )
    return Category(found.name, in_order(listed), missing=missing)


def _target(name: str, labels: Labels) -> Target:
    if labels.classes:
        return Target(name, classes=labels.classes)
    numbers = [float(value) for value in labels.values if value]
    return Target(name, least=min(numbers), most=max(numbers))


def _refuse_number(columns: list[Column], left_out: dict[str, str]) -> None:
    """Raises SchemaError for no column at all, or too many of them."""
    if not columns:
        said = "; ".join(f"{name}: {reason}" for name, reason in [*left_out.items()][:5])
        first = quote(next(iter(left_out), "C"))
        raise SchemaError(f"no column is left to predict from ({said}): --keep {first} keeps it")
    if len(columns) > MAX_COLUMNS:
        raise SchemaError(
            f"there are {len(columns):,} columns to predict from, and the most is {MAX_COLUMNS}: "
            "remove some from the file, or leave them out by --leave-out C"
        )


def _refuse_times(found: dict[str, Found], wishes: Wishes) -> None:
    """Raises SchemaError if the rows have no order by the column of a split by time."""
    if wishes.split != "time":
        return
    name = wishes.split_column
    if name not in found or found[name].kind not in {"date", "number"}:
        raise SchemaError(
            f"{name} holds neither dates nor numbers in each row, by which a split by time could "
            "order them: write dates as 2026-01-31"
        )
    if found[name].doubts and found[name].kind == "date":
        raise SchemaError(f"{found[name].doubts[0]}: write dates as 2026-01-31")
    if missing := found[name].values.count(""):
        raise SchemaError(
            f"{name} is missing in {counted(missing, 'row')}, and a split by time needs it: "
            "fill it in, or remove these rows"
        )
