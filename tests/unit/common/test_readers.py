"""The readers of a data set's messages: what is taken, and the reasons for what is not."""

import json
import time
from typing import Any

import pytest

from pipeline.message_reader import MessageReader
from pipeline.table.readers import Readers
from pipeline.table.schema import Category, Number, Schema, Target, Text
from support.schemas import IRIS

HOUSES = Schema(
    "houses", "regression", Target("price"),
    [Number("rooms"), Category("town", ["Basel", "Bern"]), Text("remarks", missing=True)],
)  # fmt: skip


def decode(reader: MessageReader[Any], body: Any, row_id: Any = 1) -> tuple[list[Any], list[str]]:
    raw = json.dumps({"id": row_id, "body": body}).encode()
    message, errors = reader.decode(raw)
    return message.values if message else [], [str(error) for error in errors]


def test_rows_by_order_and_by_name_are_one_batch_in_the_order_of_the_columns() -> None:
    rows = [[3, "Bern", None], {"town": "Thun", "rooms": 2.5}]
    values, errors = decode(Readers(HOUSES).features, rows, ["a", "b"])
    assert [[*each] for each in values] == [[3, "Bern", None], [2.5, "Thun", None]]
    assert not errors


def test_a_bad_row_of_a_batch_names_its_column_and_leaves_the_others_alone() -> None:
    rows = [[3, "Bern", "nice"], [3, 12, "nice"], {"town": "Bern"}, [1, "Bern"]]
    values, errors = decode(Readers(HOUSES).features, rows, ["a", "b", "c", "d"])
    assert [[*each] for each in values] == [[3, "Bern", "nice"]]
    assert errors == [
        "town: 12 is no text",
        "rooms: missing, and the schema does not allow it",
        "a row has 3 values (rooms town remarks), and not 2",
    ]


@pytest.mark.parametrize(
    ("label", "reason"),
    [
        ("rose", 'species: "rose" is none of the classes setosa versicolor virginica'),
        (0, "species: 0 is none of the classes setosa versicolor virginica"),
        ({"setosa": 1}, 'species: {"setosa":1} is none of the classes'),
    ],
)
def test_a_label_is_one_of_the_classes(label: Any, reason: str) -> None:
    readers = Readers(IRIS)
    assert decode(readers.labels, "setosa") == (["setosa"], [])
    values, (error,) = decode(readers.labels, label)
    assert not values
    assert error.startswith(reason)


@pytest.mark.parametrize(
    ("prediction", "reason"),
    [
        ("rose", 'species: "rose" is none of the classes'),
        (1.5, "species: 1.5 is none of the classes"),
        ({"rose": 1}, 'species: "rose" is none of the classes'),
        ({"setosa": 0.5, "virginica": 0.4}, "the probabilities sum to 0.9, and not to 1"),
        ({"setosa": 1.5, "virginica": -0.5}, "setosa: 1.5 is no probability"),
        ({"setosa": None}, "setosa: null is no probability"),
        ({}, "the probabilities sum to 0, and not to 1"),
    ],
)
def test_probabilities_that_are_none_are_told(prediction: Any, reason: str) -> None:
    good = {"setosa": 0.9995, "virginica": 0.001}
    values, (error,) = decode(Readers(IRIS).predictions, [good, prediction], ["a", "b"])
    assert values == [good]
    assert error.startswith(reason)


def test_only_a_shadow_model_may_have_no_prediction() -> None:
    readers = Readers(IRIS)
    assert decode(readers.shadow_predictions, [None, "setosa"], [1, 2]) == ([None, "setosa"], [])
    assert decode(readers.predictions, [None, "setosa"], [1, 2])[0] == ["setosa"]


def test_a_thousand_rows_of_two_hundred_columns_are_taken() -> None:
    wide = Schema("wide", "regression", Target("y"), [Number(f"c{i}") for i in range(200)])
    rows = [[0.25] * 200] * 1000
    values, errors = decode(Readers(wide).features, rows, [*range(1000)])
    assert values == rows
    assert not errors


def test_commas_in_texts_are_no_values() -> None:
    notes = Schema("notes", "regression", Target("y"), [Text("note")])
    rows = [["a, b, c, " * 40]] * 1000  # 120,000 commas
    values, errors = decode(Readers(notes).features, rows, [*range(1000)])
    assert len(values) == 1000
    assert not errors
    _, (error,) = decode(Readers(notes).features, [[1, 2, 3] * 20] * 1000, [*range(1000)])
    assert error == "a message of 61,000 values is too large, the most is 60,000"


@pytest.mark.parametrize(
    "text", [b'"', b'"' + b'\\"' * 500_000, b'"' + b"\n" * 900_000, b'""' * 500_000]
)
def test_texts_without_an_end_take_no_time(text: bytes) -> None:
    before = time.process_time()
    message, errors = Readers(HOUSES).features.decode(b"," * 60_001 + text)
    assert message is None
    assert len(errors) == 1
    assert time.process_time() - before < 1


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([3, "", None], 'town: "" is a missing value, and the schema does not allow it'),
        ([3, "x" * 101, None], "town: a category of 101 characters, the most is 100"),
    ],
)
def test_a_category_has_one_to_a_hundred_characters(row: list[Any], reason: str) -> None:
    assert decode(Readers(HOUSES).features, row) == ([], [reason])
    assert decode(Readers(HOUSES).features, [3, "x" * 100, ""])[1] == []
