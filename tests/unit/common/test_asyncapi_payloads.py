"""The description of the queues: examples, good and bad bodies, by its schemas and by the readers.

JSON Schema sees less than the readers do; UNSEEN lists all of it.
"""

from typing import Any

import msgspec
import pytest

from pipeline.ids import ID_SCHEMA
from pipeline.message_reader import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    MAX_ROW_BYTES,
    MessageReader,
)
from pipeline.queues import FEATURES, Y_PRED, Y_TRUE
from pipeline.table.readers import Readers, any_predictions
from pipeline.table.schema import Schema
from support.asyncapi import Described
from support.bad_messages import CASES
from support.schemas import AWKWARD, DIABETES, IRIS, LETTERS
from support.tables import HOUSES

SCHEMAS = (DIABETES, IRIS, HOUSES, LETTERS, AWKWARD)
MESSAGES = {FEATURES: "Features", Y_TRUE: "Label", Y_PRED: "Prediction"}
DESCRIBED = Described(DIABETES)

UNSEEN = {
    # bytes
    "row over 64 KiB", "message over 4 MiB",
    # a key that is there twice
    "a bad id before a good one", "a name twice, the first is bad",
    "a name twice, batch and row",
    # the lengths of two lists, and the digits of a number
    "batch with more ids", "batch with more values", "id: 64 digits", "id: -64 digits",
    "batch: id of 64 digits",
    # what the model makes of the values, and what earlier messages said
    "features too large to predict", "another label", "another prediction",
    "another label of the number", "another label in a batch", "two labels in a batch",
}  # fmt: skip
NOT_READ_BY_PYTHON = "long numeral in a spare field"  # whole numbers of so many digits


def readers(schema: Schema) -> dict[str, MessageReader[Any]]:
    """Returns the reader of each kind of message."""
    own = Readers(schema)
    return {
        "Features": own.features,
        "FeaturesByModel": own.features,
        "ExpiredRequest": own.features,
        "Label": own.labels,
        "Prediction": own.predictions,
        "ShadowPrediction": own.shadow_predictions,
        "PredictionByModel": any_predictions,
    }


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: schema.name)
def test_each_example_is_taken_by_its_schema_and_by_the_reader(schema: Schema) -> None:
    described, by_kind = Described(schema), readers(schema)
    for name, message in described.messages.items():
        for example in message["examples"]:
            assert described.takes(name, "headers", example["headers"]), name
            assert described.takes(name, "payload", example["payload"]), example
            if reader := by_kind.get(name.removesuffix("Batch")):
                taken, errors = reader.decode(msgspec.json.encode(example["payload"]))
                assert taken is not None, (name, errors)
                assert not errors, (name, example)
                assert taken.batched == name.endswith("Batch")


@pytest.mark.parametrize("queue", MESSAGES)
def test_bodies_are_refused_where_json_schema_can_see_it_and_no_good_one_is(queue: str) -> None:
    cases = [case for case in CASES if queue in case.queues]
    takes = {each.name: DESCRIBED.takes_body(MESSAGES[queue], each.body(queue)) for each in cases}
    bad = {case.name for case in cases if case.letters}
    assert len(bad) > 200
    assert {name for name in bad if takes[name]} == bad & UNSEEN
    assert {name for name in takes.keys() - bad if not takes[name]} == {NOT_READ_BY_PYTHON}


def test_what_is_said_to_be_unseen_is_all_there() -> None:
    assert {case.name for case in CASES} >= UNSEEN


@pytest.mark.parametrize(
    ("schema", "kind", "value"),
    [
        (IRIS, "Label", "setosa"),
        (IRIS, "Label", "rose"),
        (IRIS, "Label", 0),
        (IRIS, "Label", {"setosa": 1}),
        (IRIS, "Prediction", {"setosa": 0.25, "virginica": 0.75}),
        (IRIS, "Prediction", {"setosa": 1.5, "virginica": -0.5}),
        (IRIS, "Prediction", {"rose": 1}),
        (IRIS, "Prediction", {}),
        (IRIS, "Prediction", None),
        (IRIS, "ShadowPrediction", None),
        (IRIS, "ShadowPrediction", "rose"),
        (AWKWARD, "Prediction", 'say "no"'),
        (HOUSES, "Features", [3, None, None, None]),
        (HOUSES, "Features", [None, 1, "Bern", "old"]),
        (HOUSES, "Features", [3, 1, "Thun", ""]),
        (HOUSES, "Features", [3, 1, "x" * 101, ""]),
        (HOUSES, "Features", [3, 1, "Bern", "x" * 1000]),
        (HOUSES, "Features", [3, 1, "Bern"]),
        (HOUSES, "Features", [3, 1, "Bern", "", 5]),
        (HOUSES, "Features", [3, "1", "Bern", ""]),
        (HOUSES, "Features", {"rooms": 3}),
        (HOUSES, "Features", {"area": 3}),
        (HOUSES, "Features", {"rooms": 3, "price": 1}),
        (HOUSES, "Features", {"rooms": None}),
    ],
)
def test_schema_and_reader_agree_on_a_value(schema: Schema, kind: str, value: Any) -> None:
    raw = msgspec.json.encode({"id": "a", "body": value})
    taken, _ = readers(schema)[kind].decode(raw)
    assert Described(schema).takes_body(kind, raw) == (taken is not None)


def test_limits_and_ids_are_those_of_the_readers() -> None:
    parts = DESCRIBED.document["components"]
    for name, message in parts["messages"].items():
        if "x-max-bytes" in message:
            most = MAX_BATCH_BYTES if name.endswith("Batch") else MAX_ROW_BYTES
            assert message["x-max-bytes"] == most
    assert parts["schemas"]["Id"]["anyOf"][0] == ID_SCHEMA
    assert parts["schemas"]["RowBatch"]["properties"]["id"]["maxItems"] == MAX_BATCH_ROWS
