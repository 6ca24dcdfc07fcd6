"""Examples for the description of the API, made from the schema: of rows, labels and jobs."""

from collections.abc import Sequence
from typing import Any

from jobs.units import Units, measured_of
from pipeline.table import example_values
from pipeline.table.example_values import label, middle, short
from pipeline.table.rows import Value
from pipeline.table.schema import Column, Number, Schema


def requests(schema: Schema) -> list[dict[str, Any]]:
    """Returns bodies of /predict: a row by names, a row in order, and two rows with ids."""
    row = [_value(column) for column in schema.columns]
    by_name: dict[str, Any] = {"data": dict(zip(schema.names, row, strict=True))}
    if has_units(schema.columns):
        by_name["units"] = "raw"
        row = [short(value) for value in Units(schema.columns).scaled([row])[0]]
    return [by_name, {"data": row}, {"data": [row, row], "id": ["row-7", "row-8"]}]


def has_units(columns: Sequence[Column]) -> bool:
    """Returns True if a request can choose between values as measured and scaled ones."""
    return any(map(measured_of, columns))


def job(schema: Schema) -> dict[str, Any]:
    """Returns a job that is completed, and has its label."""
    true = label(schema.target)
    answer: dict[str, Any] = {"prediction": true, "probabilities": None, "absolute_error": 0.0}
    if schema.target.classes:
        answer["probabilities"] = example_values.probabilities(schema.target.classes)
        answer["absolute_error"] = 0.25
    return {
        "job_id": "row-7",
        "status": "completed",
        **answer,
        "model_id": "83f54457c2f9",
        "reason": None,
        "warnings": [],
        "created_at": "2026-11-22T11:37:13.696000Z",
        "confirmed_at": "2026-11-22T11:37:13.717000Z",
        "completed_at": "2026-11-22T11:37:13.734000Z",
        "label": true,
        "location": "/job/row-7",
    }


def _value(column: Column) -> Value:
    """Returns a value as measured, where the column is."""
    if isinstance(column, Number) and column.measured:
        return middle(column.measured)
    return example_values.value(column)
