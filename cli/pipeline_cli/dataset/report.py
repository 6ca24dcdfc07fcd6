"""Describes a data set for a terminal: a table of its columns, the target, the rows, doubts."""

import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.numbers import readable
from pipeline.table.rows import Rows, Value
from pipeline.table.schema import Category, Column, Number, Schema
from pipeline.table.schema import Text as Words
from pipeline_cli.terminal import cell, printable, table

HEADER = ("COLUMN", "TYPE", "RANGE OR VALUES", "MISSING", "EXAMPLE")
WIDTHS = (18, 8, 25, 10, 12)  # the most, so that all are seen in 80 columns
MAX_SHOWN = 50  # columns: more only on demand
MAX_CLASSES = 12
WORD = re.compile(r"\b\w\w+\b")  # as TfidfVectorizer has it: without one it cannot be trained
SPLITS = {
    "hash": "by what is in a row",
    "group": "whole groups of equal {}",
    "time": "the latest by {}",
    "seed": "drawn by a seed",
}


def columns_of(schema: Schema, rows: Rows, most: int | None = None) -> RenderableType:
    """Returns the table of columns, of `most` of them at most."""
    shown = table()
    for _ in HEADER:
        shown.add_column(no_wrap=True)
    shown.add_row(*HEADER)
    for index, column in enumerate(schema.columns[:most]):
        _add(shown, column, [row[index] for row in rows.values])
    hidden = len(schema.columns[most:]) if most is not None else 0
    if hidden:
        shown.add_row(f"… {hidden:,} more", "", "", "", "")
    return shown


def facts_of(schema: Schema, rows: Rows) -> RenderableType:
    """Returns what is predicted, from how many rows, and how good it is to guess."""
    held_out = int(rows.is_held_out.sum())
    by = SPLITS[schema.split].format(schema.split_column)
    facts = {
        "target": _target(schema),
        "rows": f"{len(rows.labels):,}: {len(rows.labels) - held_out:,} to train on, "
        f"{held_out:,} held out ({by})",
        "baseline": _baseline(schema, rows),
    }
    if schema.title:
        facts = {"title": schema.title, **facts}
    if schema.task == "classification":
        facts["classes"] = _class_counts(schema, rows.labels)
    return pairs(facts.items())


def pairs(items: Iterable[tuple[str, str]]) -> RenderableType:
    """Returns names with a text each, which is wrapped beside them."""
    shown = table()
    shown.add_column(no_wrap=True)
    for name, text in items:
        shown.add_row(Text(cell(name, 24)), Text(printable(text)))
    return shown


def listed(title: str, items: RenderableType) -> RenderableType:
    """Returns items below a title."""
    return Group(Text(f"\n{title}:"), Padding(items, (0, 0, 0, 2), expand=False))


def points(texts: Iterable[str]) -> RenderableType:
    """Returns sentences as a list."""
    shown = Table.grid(padding=(0, 1, 0, 0))
    for text in texts:
        shown.add_row("-", Text(printable(text)))
    return shown


def lines(texts: Iterable[str]) -> RenderableType:
    """Returns commands to copy, one a line."""
    return Text("\n".join(map(printable, texts)), no_wrap=True, overflow="ignore")


def one_sided(schema: Schema, rows: Rows) -> list[str]:
    """Returns a sentence for the classes that a side of the split does not have."""
    if schema.task != "classification":
        return []
    said = []
    for side, labels in (("to train on", rows.training()[1]), ("held out", rows.holdout()[1])):
        without = [name for name in schema.target.classes if name not in {*labels}]
        if without:
            said.append(
                f"no row {side} is of the class {', '.join(without[:5])}"
                f"{' …' if len(without) > 5 else ''}"
            )
    return said


def unseen(schema: Schema, rows: Rows) -> list[str]:
    """Returns the columns without a value, or a text without a word, in all rows to train on."""

    def is_seen(value: Value, column: Column) -> bool:
        if isinstance(column, Words):
            return bool(WORD.search(str(value)))
        return value not in (None, "")

    values, _ = rows.training()
    return [
        column.name
        for index, column in enumerate(schema.columns)
        if not any(is_seen(row[index], column) for row in values)
    ]


def number_text(number: float | None) -> str:
    """Returns a number as short as it is told from others.

    >>> number_text(1990.0), number_text(0.12345678), number_text(1e20)
    ('1990', '0.123457', '1e+20')
    """
    if number is None:
        return "?"
    is_whole = float(number).is_integer() and abs(number) < 1e12
    return f"{number:.0f}" if is_whole else f"{number:.6g}"


def _add(shown: Table, column: Column, values: list[Value]) -> None:
    present = [value for value in values if value not in (None, "")]
    missing = len(values) - len(present)
    share = missing / max(1, len(values))
    percent = f"{share:.0%}" if share >= 0.01 else "<1%"
    example = present[0] if present else ""
    cells = (
        column.name,
        str(column.__struct_config__.tag),
        _range(column, present),
        f"{missing:,} ({percent})" if missing else "–",
        number_text(example) if isinstance(example, float) else str(example),
    )
    shown.add_row(*(Text(cell(text, width)) for text, width in zip(cells, WIDTHS, strict=True)))


def _range(column: Column, present: list[Any]) -> str:
    if isinstance(column, Number):
        unit = f" {column.unit}" if column.unit else ""
        return f"{number_text(column.least)} … {number_text(column.most)}{unit}"
    if isinstance(column, Category):
        return f"{len(column.values):,}: {', '.join(column.values)}"
    words = statistics.median(len(text.split()) for text in present) if present else 0
    return f"median {words:.0f} words"


def _target(schema: Schema) -> str:
    target = schema.target
    if schema.task == "classification":
        return f"{target.name}, one of {len(target.classes):,} classes"
    unit = f" {target.unit}" if target.unit else ""
    ends = f"{number_text(target.least)} … {number_text(target.most)}{unit}"
    return f"{target.name}, a number: {ends}"


def _class_counts(schema: Schema, labels: Sequence[Any]) -> str:
    counts = Counter(labels)
    shown = [f"{cell(name, 30)} {counts[name]:,}" for name in schema.target.classes[:MAX_CLASSES]]
    more = len(schema.target.classes) - len(shown)
    return ", ".join(shown) + (f" … and {more:,} more classes" if more else "")


def _baseline(schema: Schema, rows: Rows) -> str:
    seen, held_out = rows.training()[1], rows.holdout()[1]
    if not seen or not held_out:
        return "none"
    if schema.task == "classification":
        ((name, _),) = Counter(seen).most_common(1)
        share = sum(label == name for label in held_out) / len(held_out)
        return f"accuracy {share:.3f}, if the answer is always {name}"
    middle = statistics.median(map(float, seen))
    error = statistics.fmean(abs(float(label) - middle) for label in held_out)
    return f"MAE {readable(error)}, if the answer is always {number_text(middle)}"
