"""Rows as people write them, in words and in files: they are read as what they are."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.csv_table import one_line
from pipeline.table.schema import Category, Number, Schema, Target, Text
from pipeline_cli import row_files, row_input
from support.tables import HOUSES

NAMES = st.text("ab =,;\"'é_", min_size=1, max_size=5).map(str.strip).filter(bool)
TEXTS = st.text(min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and "\r" not in text
)
KINDS = {Number: st.floats(allow_nan=False, allow_infinity=False), Category: TEXTS, Text: TEXTS}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Schema, list[list[Any]]]:
    """A schema of any columns, and rows that it allows; "" is no value, but missing."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=one_line))
    kinds = [draw(st.sampled_from([*KINDS])) for _ in names]
    missing = [draw(st.booleans()) for _ in names]
    columns = [
        Category(name, ["x"], missing=none) if kind is Category else kind(name, missing=none)
        for name, kind, none in zip(names, kinds, missing, strict=True)
    ]
    values = [
        KINDS[kind] | st.none() if none else KINDS[kind]
        for kind, none in zip(kinds, missing, strict=True)
    ]
    schema = Schema("any", "regression", Target("y"), columns)
    return schema, draw(st.lists(st.tuples(*values).map(list), min_size=1, max_size=3))


def word(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)


@given(tables(), st.randoms())
def test_a_row_by_names_is_what_it_is_in_any_order(table: Any, dice: Any) -> None:
    schema, (row, *_) = table
    pairs = [f"{name}={word(value)}" for name, value in zip(schema.names, row, strict=True)]
    dice.shuffle(pairs)
    assert row_input.of_words(pairs, schema) == row


@given(tables())
def test_a_row_in_order_is_what_it_is_unless_it_has_names(table: Any) -> None:
    schema, (row, *_) = table
    words = [*map(word, row)]
    if not any(text.startswith(f"{name}=") for text in words for name in schema.names):
        assert row_input.of_words(words, schema) == row


@given(tables(), st.sampled_from(",;\t"))
def test_a_file_has_the_rows_that_were_written(table: Any, separator: str) -> None:
    schema, rows = table
    file = io.StringIO()
    writer = csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerow(["note", *schema.names, "id"])
    writer.writerows([["a, b", *map(word, row), index] for index, row in enumerate(rows)])
    found = row_files.of_text(file.getvalue().encode(), schema)
    assert found.values == rows
    assert found.ids == [str(index) for index in range(len(rows))]


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_a_file_is_it_is_rows_or_a_sentence(content: bytes) -> None:
    for start in (b"", b"[", b"rooms,area\n", b"rooms;town\n1;"):
        try:
            rows = row_files.of_text(start + content, HOUSES)
        except ValueError:
            continue
        assert sum(len(batch.values) for batch in rows.batches()) == len(rows.values) > 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rooms,remarks\n4,good, very good\n", "line 2: 3 values, and the first line has 2 names"),
        ('rooms,remarks\n4,"a\nb"\nx,\n', "line 4: rooms: 'x' is not a number"),
        ("rooms,rooms\n4,5\n", "the first line has 'rooms' twice"),
        ("town,remarks\nBern,old\n", "missing: rooms; it has town, remarks"),
        ("size\n4\n", "missing: rooms"),
        ("rooms,area\n,4\n", "line 2: rooms: a number is needed"),
        ("[[1, 2", "not JSON"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_the_line(content: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        row_files.of_text(content.encode(), HOUSES)
    assert said in str(caught.value)


def test_cells_without_a_value_are_missing() -> None:
    found = row_files.of_text(b"rooms;note;town;area\n4;x;;98,5\n\n5;x;Bern;;;\n", HOUSES)
    assert found.values == [[4, 98.5, None, None], [5, None, "Bern", None]]
    assert found.absent == ["remarks"]


def test_a_column_named_id_is_a_value_where_the_schema_has_it() -> None:
    schema = Schema("any", "regression", Target("y"), [Number("id")])
    found = row_files.of_text(b"id\n4\n", schema)
    assert (found.values, found.ids) == ([[4.0]], [])


def test_a_file_of_json_is_sent_as_it_is() -> None:
    rows = [[4, None, "Bern", "a"], {"rooms": 3, "town": None}]
    assert row_files.of_text(json.dumps(rows).encode(), HOUSES).values == rows
    assert row_files.of_text(json.dumps(rows[0]).encode(), HOUSES).values == rows[:1]
