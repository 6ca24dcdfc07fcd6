"""A schema: what is wrong with one is said with its place; a right one says what a row is."""

import json
from typing import Any

import pytest

from pipeline.table.readers import Readers
from pipeline.table.schema import Category, Number, Schema, SchemaError, Text
from pipeline.table.schema_file import read_schema

HOUSES: dict[str, Any] = {
    "name": "houses",
    "task": "regression",
    "target": {"name": "price", "unit": "€", "least": 21000, "most": 890000},
    "columns": [
        {"name": "rooms", "type": "number", "least": 1, "most": 12},
        {"name": "town", "type": "category", "values": ["Basel", "Bern"]},
        {"name": "remarks", "type": "text", "missing": True},
    ],
}
IRIS: dict[str, Any] = {
    "name": "iris",
    "task": "classification",
    "target": {"name": "species", "classes": ["setosa", "versicolor", "virginica"]},
    "columns": [{"name": "width", "type": "number"}, {"name": "length", "type": "number"}],
}


def read(schema: dict[str, Any]) -> Schema:
    return read_schema(json.dumps(schema).encode(), "schema.json")


def with_column(**column: Any) -> dict[str, Any]:
    return HOUSES | {"columns": [column, *HOUSES["columns"][1:]]}


def with_target(**target: Any) -> dict[str, Any]:
    return HOUSES | {"target": target}


def with_classes(*classes: str) -> dict[str, Any]:
    return IRIS | {"target": {"name": "species", "classes": [*classes]}}


def test_a_schema_says_what_a_row_is() -> None:
    schema = read(HOUSES)
    assert schema.names == ["rooms", "town", "remarks"]
    assert [type(column) for column in schema.columns] == [Number, Category, Text]
    assert not schema.is_numeric
    assert read(IRIS).is_numeric


def test_a_schema_is_written_as_it_is_read() -> None:
    assert read_schema(read(HOUSES).to_json(), "schema.json") == read(HOUSES)


def test_negative_numbers_and_a_dash_are_classes() -> None:
    assert read(with_classes("-1", "1", "-", "None")).target.classes == ["-1", "1", "-", "None"]


def test_classes_that_are_equal_as_numbers_are_two() -> None:
    assert read(with_classes("0", "0.0")).target.classes == ["0", "0.0"]


def test_a_thousand_classes_are_the_most() -> None:
    names = [f"c{index}" for index in range(1001)]
    assert len(read(with_classes(*names[:1000])).target.classes) == 1000
    with pytest.raises(SchemaError, match='target: "classes" has 1,001, and the most is 1,000'):
        read(with_classes(*names))


@pytest.mark.parametrize("count", [1, 200, 500])
def test_wide_tables_are_taken(count: int) -> None:
    columns = [{"name": f"c{index}", "type": "number"} for index in range(count)]
    assert len(read(HOUSES | {"columns": columns}).columns) == count


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        (HOUSES | {"name": "Houses"}, "name: 'Houses' is no name of a data set: it is 1 to 32"),
        (HOUSES | {"name": "live"}, "name: 'live' is the name of something else here"),
        (HOUSES | {"columns": []}, "columns: there are 0, and a row has 1 to 500"),
        (
            HOUSES | {"columns": [{"name": f"c{i}", "type": "text"} for i in range(2000)]},
            "columns: there are 2,000, and a row has 1 to 500",
        ),
        (with_column(name="town", type="number"), "columns[1]: 'town' is there twice"),
        (with_column(name="price", type="number"), "target: 'price' is there twice"),
        (with_column(name="job_id", type="text"), "columns[0]: 'job_id' is where requests have"),
        (with_column(name=" a", type="number"), "columns[0]: ' a' is no name of a column"),
        (with_column(name="a", type="date"), "columns[0].type: Invalid value 'date'"),
        (with_column(name="a"), 'columns[0]: there is no "type"'),
        (with_column(name="a", type="number", leest=1), 'columns[0]: "leest" is no key'),
        (
            with_column(name="a", type="number", least=2, most=1),
            'columns[0] (a): "least" is 2, and greater than "most", 1',
        ),
        (
            with_column(name="a", type="number", measured={"mean": 0, "scale": 0}),
            'columns[0] (a): measured: "scale" is 0, and must be above 0',
        ),
        (
            with_column(name="a", type="number", most=2, highest=1),
            'columns[0] (a): "most" is 2, and greater than "highest", 1',
        ),
        (
            with_column(name="a", type="number", step=0),
            'columns[0] (a): "step" is 0, and must be above 0',
        ),
        (
            with_column(name="a", type="category", values=["x", "x"]),
            "columns[0] (a): \"values\"[1]: 'x' is there twice",
        ),
        (with_target(name="price", classes=["a", "b"]), 'target: "classes" belong to'),
        (HOUSES | {"task": "classification"}, 'target: a classification needs "classes"'),
        (with_classes("one"), 'target: "classes" has 1, and needs at least 2'),
        (with_classes("=1+1", "b"), "target: \"classes\"[0]: '=1+1' begins as a formula does"),
        (with_classes("a\nb", "b"), 'target: "classes"[0]: '),
        (with_classes("", "b"), 'target: "classes"[0]: a text of 0 characters'),
        (HOUSES | {"split": "group"}, 'split: "group" needs "split_column"'),
        (HOUSES | {"split": "seed", "rows_sha256": "0" * 64}, 'split: "seed" is for built-in'),
        (HOUSES | {"rows_sha256": "0"}, "rows_sha256: that is no SHA-256"),
    ],
)  # fmt: skip
def test_a_wrong_schema_is_one_sentence_with_its_place(schema: dict[str, Any], said: str) -> None:
    with pytest.raises(SchemaError) as raised:
        read(schema)
    assert str(raised.value).startswith(f"schema.json: {said}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"", b" ", b"{", b"[]", b"null", b"\xff{}", b"{}", b"[" * 999])
def test_what_is_no_schema_is_refused(content: bytes) -> None:
    with pytest.raises(SchemaError, match=r"schema\.json: "):
        read_schema(content, "schema.json")


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        (b'[3, "Bern", "nice"]', [3, "Bern", "nice"]),
        (b'[3, "Thun", null]', [3, "Thun", None]),
        (b'{"town": "Bern", "remarks": "nice", "rooms": 3}', [3, "Bern", "nice"]),
        (b'{"town": "Bern", "rooms": 3}', [3, "Bern", None]),
    ],
)
def test_a_row_is_read_by_order_or_by_name(raw: bytes, values: list[Any]) -> None:
    message, errors = Readers(read(HOUSES)).features.decode(b'{"id":1,"body":%b}' % raw)
    assert not errors
    assert message is not None
    assert [*message.values[0]] == values


@pytest.mark.parametrize(
    "raw",
    [
        b'[3, "Bern"]', b'[3, "Bern", "a", 1]', b'[3, 4, "a"]', b'["3", "Bern", "a"]',
        b'[null, "Bern", "a"]', b'[true, "Bern", "a"]', b'[1e999, "Bern", "a"]', b"3", b"null",
        b'[NaN, "Bern", "a"]', b'{"town": "Bern"}', b'{"rooms": 3, "town": "Bern", "x": 1}',
    ],
)  # fmt: skip
def test_a_row_that_the_schema_does_not_allow_is_refused(raw: bytes) -> None:
    message, errors = Readers(read(HOUSES)).features.decode(b'{"id":1,"body":%b}' % raw)
    assert message is None
    assert len(errors) == 1
