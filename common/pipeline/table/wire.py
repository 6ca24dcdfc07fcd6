"""The types of what messages carry, by the schema: rows, labels and predictions.

A row is a list of values in the order of the columns, or an object by their names. It is decoded
into a sequence in their order either way. A number is a float, a category or a text is a str; null
stands for a value that is missing, where the schema allows it. A label is a number or a class; a
prediction too, or an object of probabilities by class.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from pipeline.table.schema import MAX_TEXT, Category, Column, Number, Schema

RowValues = Sequence[Any]  # a number is a float, a category or a text a str, what is missing None


def values_type(schema: Schema) -> tuple[Any, Any]:
    """Returns the types by which msgspec decodes the values of one row: in order, and by name.

    All numbers, none missing, is a list of so many floats, the fastest there is. An object decodes
    to a struct, which `in_order` puts in order.
    """
    columns = schema.columns
    if all(isinstance(column, Number) and not column.missing for column in columns):
        length = msgspec.Meta(min_length=len(columns), max_length=len(columns))
        in_order: Any = Annotated[list[float], length]
    else:
        in_order = tuple[tuple(_type(column) for column in columns)]  # type: ignore[misc]
    return in_order, _by_name(columns)


def label_type(schema: Schema) -> Any:
    """Returns the type of a label: a number, or one of the classes."""
    if schema.task == "regression":
        return float
    return Literal[tuple(schema.target.classes)]


def prediction_type(schema: Schema) -> Any:
    """Returns the type of a prediction: as a label's, or numbers by class, to be checked."""
    if schema.task == "regression":
        return float
    return label_type(schema) | dict[str, float]


def most_probable(probabilities: dict[str, float], classes: list[str]) -> str:
    """Returns the most probable class; of several that are equal the first one in `classes`.

    >>> most_probable({"b": 0.5, "a": 0.5}, ["a", "b"])
    'a'
    """
    return max(classes, key=lambda name: probabilities.get(name, 0.0))


def in_order(values: msgspec.Struct) -> RowValues:
    """Returns values that came by name in the order of the columns."""
    return msgspec.structs.astuple(values)


def _type(column: Column) -> Any:
    kind: Any = float
    if not isinstance(column, Number):
        most = MAX_TEXT if isinstance(column, Category) else None
        kind = Annotated[str, msgspec.Meta(min_length=0 if column.missing else 1, max_length=most)]
    return kind | None if column.missing else kind


def _by_name(columns: list[Column]) -> Any:
    fields: list[Any] = []
    names = {}
    for index, column in enumerate(columns):  # a name may be anything, and no name of Python
        field = f"c{index}"
        names[field] = column.name
        fields.append((field, _type(column), None) if column.missing else (field, _type(column)))
    return msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, kw_only=True)
