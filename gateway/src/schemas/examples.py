"""Examples for the description of the API, made from the schema: of rows, labels and jobs."""

from collections.abc import Sequence
from typing import Any

from jobs.units import Units, measured_of
from pipeline.table.rows import Label, Value
from pipeline.table.schema import Category, Column, Measured, Number, Schema, Target

TEXT = "a text"


def requests(schema: Schema) -> list[dict[str, Any]]:
    """Returns bodies of /predict: a row by names, a row in order, and two rows with ids."""
    row = [_value(column) for column in schema.columns]
    by_name: dict[str, Any] = {"data": dict(zip(schema.names, row, strict=True))}
    if has_units(schema.columns):
        by_name["units"] = "raw"
        row = [_short(value) for value in Units(schema.columns).scaled([row])[0]]
    return [by_name, {"data": row}, {"data": [row, row], "id": ["row-7", "row-8"]}]


def has_units(columns: Sequence[Column]) -> bool:
    """Returns True if a request can choose between values as measured and scaled ones."""
    return any(map(measured_of, columns))


def label(target: Target) -> Label:
    """Returns the middle of the target's range, or its first class."""
    return target.classes[0] if target.classes else _middle(target)


def job(schema: Schema) -> dict[str, Any]:
    """Returns a job that is completed, and has its label."""
    true = label(schema.target)
    answer: dict[str, Any] = {"prediction": true, "probabilities": None, "absolute_error": 0.0}
    if schema.target.classes:
        rest = dict.fromkeys(schema.target.classes[2:], 0.0)
        first, second = schema.target.classes[:2]
        answer["probabilities"] = {first: 0.75, second: 0.25} | rest
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
    if isinstance(column, Category):
        return column.values[0]
    return _middle(column.measured or column) if isinstance(column, Number) else TEXT


def _middle(part: Number | Measured | Target) -> float:
    """Returns the middle of a range: as precise as the data set, and never outside."""
    least, most = _range(part)
    middle = least / 2 + most / 2
    step = None if isinstance(part, Target) else part.step
    rounded = _short(least + round((middle - least) / step) * step if step else middle)
    return rounded if least <= rounded <= most else middle


def _range(part: Number | Measured | Target) -> tuple[float, float]:
    least, most = part.least, part.most
    if not isinstance(part, Target):  # what is possible stands in for what there was
        least = part.lowest if least is None else least
        most = part.highest if most is None else most
    if least is None or most is None:
        known = most if least is None else least
        return (known or 0.0,) * 2
    return least, most


def _short(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
