"""Reasons why a row, a label or a prediction is refused, with the name of the column.

The decoders of wire.py only tell that a body is wrong; this looks at it again, slowly.
"""

import math
import sys
from typing import Any

import msgspec

from pipeline.table.schema import MAX_TEXT, Category, Column, Number, Schema

MAX_SHOWN = 40  # characters of a value that is quoted
MAX_LISTED = 12  # names or classes that are listed
SUM_WITHIN = 0.001  # of probabilities, around 1


def row_error(values: Any, schema: Schema) -> str:
    """Returns what is wrong with a row's values, decoded from JSON as they came.

    >>> from pipeline.table.schema import Category, Target
    >>> houses = Schema("houses", "regression", Target("price"),
    ...                 [Number("rooms"), Category("town", ["Bern"])])
    >>> row_error([3, 12], houses), row_error({"town": "Bern"}, houses)
    ('town: 12 is no text', 'rooms: missing, and the schema does not allow it')
    """
    columns = schema.columns
    if isinstance(values, dict):
        if unknown := [name for name in values if name not in schema.names]:
            return f"there is no column {shown(unknown[0])}: a row has {listed(schema.names)}"
        pairs = [(column, values.get(column.name)) for column in columns]
    elif isinstance(values, list):
        if len(values) != len(columns):
            return (
                f"a row has {len(columns)} values ({listed(schema.names)}), and not {len(values)}"
            )
        pairs = [*zip(columns, values, strict=True)]
    else:
        return (
            f"a row is a list of {len(columns)} values ({listed(schema.names)}), or an object by "
            f"these names, and not {shown(values)}"
        )
    wrong = [text for column, value in pairs if (text := _value_error(column, value))]
    return wrong[0] if wrong else "a value is not what its column takes"


def label_error(label: Any, schema: Schema) -> str:
    """Returns what is wrong with a label, or with a prediction that is no object."""
    name = schema.target.name
    if schema.task == "regression":
        return f"{name}: {_number_error(label)}"
    return f"{name}: {shown(label)} is none of the classes {listed(schema.target.classes)}"


def prediction_error(prediction: Any, schema: Schema) -> str:
    """Returns what is wrong with a prediction; "" if it is a right object of probabilities."""
    if isinstance(prediction, dict) and schema.task == "classification":
        return probabilities_error(prediction, schema) or ""
    return label_error(prediction, schema)


def probabilities_error(probabilities: dict[str, Any], schema: Schema) -> str | None:
    """Returns why an object is no probabilities by class; None if it is: all from 0 to 1, sum 1.

    >>> from pipeline.table.schema import Target
    >>> iris = Schema("iris", "classification", Target("species", classes=["a", "b"]), [])
    >>> probabilities_error({"a": 0.5, "b": 0.4}, iris)
    'the probabilities sum to 0.9, and not to 1'
    """
    for name, value in probabilities.items():
        if name not in schema.target.classes:
            return label_error(name, schema)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            return f"{name}: {shown(value)} is no probability, which is a number from 0 to 1"
    total = math.fsum(probabilities.values())
    if abs(total - 1) > SUM_WITHIN:
        return f"the probabilities sum to {total:.4g}, and not to 1"
    return None


def listed(names: list[str]) -> str:
    """Returns names with spaces between, in quotes if one has a space, as many as a line bears.

    >>> listed(["rooms", "sepal length"])
    "rooms 'sepal length'"
    """
    more = f" … {len(names):,} in all" if len(names) > MAX_LISTED else ""
    shown = (name if [name] == name.split() else repr(name) for name in names[:MAX_LISTED])
    return " ".join(shown) + more


def shown(value: Any) -> str:
    """Returns a value as it stands in JSON, cut if it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _value_error(column: Column, value: Any) -> str | None:
    if value is None:
        missing = f"{column.name}: missing, and the schema does not allow it"
        return None if column.missing else missing
    if isinstance(column, Number):
        wrong = _number_error(value)
        return f"{column.name}: {wrong}" if wrong else None
    if not isinstance(value, str):
        return f"{column.name}: {shown(value)} is no text"
    if not value and not column.missing:
        return f'{column.name}: "" is a missing value, and the schema does not allow it'
    if isinstance(column, Category) and len(value) > MAX_TEXT:
        return f"{column.name}: a category of {len(value):,} characters, the most is {MAX_TEXT}"
    return None


def _number_error(value: Any) -> str:
    """Returns why a value is no number that a float can hold; "" if it is one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{shown(value)} is no number"
    if abs(value) > sys.float_info.max:
        return f"a number out of range, the most is {sys.float_info.max:.2g}"
    return ""
