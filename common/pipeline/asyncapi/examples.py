"""Examples of messages: bodies made from the schema of a data set, and headers."""

from typing import Any

from pipeline.asyncapi.payloads import ANY, ANY_PREDICTION, LABEL, PREDICTION, ROW, SHADOW
from pipeline.queues import FEATURES, FEATURES_BY_MODEL
from pipeline.table import example_values
from pipeline.table.schema import Schema

Json = dict[str, Any]

HEADERS: Json = {
    "timestamp_in_ms": 1795347433696,
    "features_timestamp_in_ms": 1795347433652,
    "model_id": "83f54457c2f9",
    "ask_model": "83f54457c2f9",
    "x-reason": "there is no 'body' beside 'id'",
    "x-source-queue": FEATURES,
    "x-first-death-reason": "expired",
    "x-first-death-queue": FEATURES_BY_MODEL,
}
IDS = ("row-7", "018f4c2e-7b1a-7c3d-8e4f-0123456789ab", 12)


def values(schema: Schema) -> dict[str, list[Any]]:
    """Returns values of each kind, by the name of their schema."""
    rows = _rows(schema)
    predictions = _predictions(schema)
    return {
        ROW: rows,
        LABEL: predictions[:1],
        PREDICTION: predictions,
        SHADOW: [*predictions, None],
        ANY: rows,
        ANY_PREDICTION: predictions,
    }


def single_bodies(found: list[Any]) -> list[Json]:
    """Returns a body for each value."""
    return [{"id": IDS[0], "body": value} for value in found]


def batch_body(found: list[Any]) -> Json:
    """Returns a body with as many rows as there are ids to show."""
    return {"id": [*IDS], "body": [found[index % len(found)] for index in range(len(IDS))]}


def _rows(schema: Schema) -> list[Any]:
    """Returns a row in order, one by name, and one without what may be missing."""
    row = [example_values.value(column) for column in schema.columns]
    by_name = dict(zip(schema.names, row, strict=True))
    found: list[Any] = [row, by_name]
    if any(column.missing for column in schema.columns):
        pairs = [*zip(schema.columns, row, strict=True)]
        found.append([None if column.missing else value for column, value in pairs])
        found.append({column.name: value for column, value in pairs if not column.missing})
    return found


def _predictions(schema: Schema) -> list[Any]:
    label = example_values.label(schema.target)
    if schema.task == "regression":
        return [label]
    return [label, example_values.probabilities(schema.target.classes)]
