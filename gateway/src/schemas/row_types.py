"""The types of a row in a request: made from the schema of the data set, once, at the start."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, create_model
from pydantic_core import PydanticCustomError

from pipeline.table.schema import MAX_TEXT, Category, Column, Number, Schema
from pipeline.table.value_errors import listed
from schemas.base import Number as AnyNumber
from schemas.base import Strict


def row_types(schema: Schema) -> tuple[Any, type[Strict]]:
    """Returns the types of a row: a list in the order of the columns, an object by their names."""
    return _in_order(schema), _by_name(schema)


def is_plain(schema: Schema) -> bool:
    """Returns True if each value of each row is a number."""
    return schema.is_numeric and not any(column.missing for column in schema.columns)


def _in_order(schema: Schema) -> Any:
    columns = schema.columns
    if is_plain(schema):
        length = Field(min_length=len(columns), max_length=len(columns))
        kind: Any = Annotated[list[AnyNumber], length]  # the fastest there is
    else:
        kind = tuple[tuple(map(_type, columns))]  # type: ignore[misc]
    return Annotated[kind, BeforeValidator(_length_check(schema))]


def _length_check(schema: Schema) -> Callable[[Any], Any]:
    """Returns a check that is made before a single value is looked at."""
    count, names = len(schema.columns), listed(schema.names)
    rule = (
        f"a row is a list of {count} values ({names}), or an object by these names; of several "
        "rows all are lists, or all are objects"
    )

    def checked(values: Any) -> Any:
        if not isinstance(values, list):
            raise PydanticCustomError("row", "{rule}", {"rule": rule})
        if len(values) != count:
            text = f"a row has {count} values ({names}), and not {len(values):,}"
            raise PydanticCustomError("row", "{text}", {"text": text})
        return values

    return checked


def _by_name(schema: Schema) -> type[Strict]:
    fields: dict[str, Any] = {}
    for index, column in enumerate(schema.columns):  # a name may be anything, and none of Python's
        field = Field(
            None if column.missing else ...,
            alias=column.name,
            title=column.title or column.name,
            description=_told(column) or None,
            json_schema_extra=_bounds(column),
        )
        fields[f"c{index}"] = (_type(column), field)
    row = create_model("NamedRow", __base__=Strict, __doc__="A row by its names.", **fields)
    row.max_names = max(row.max_names, len(fields))
    return row


def _type(column: Column) -> Any:
    kind: Any = AnyNumber
    if not isinstance(column, Number):
        most = MAX_TEXT if isinstance(column, Category) else None
        kind = Annotated[str, Field(min_length=None if column.missing else 1, max_length=most)]
    return kind | None if column.missing else kind


def _bounds(column: Column) -> dict[str, Any]:
    """Returns what is possible at all, for the description; of what is measured it takes units."""
    if not isinstance(column, Number) or column.measured is not None:
        return {}
    bounds = {"minimum": column.lowest, "maximum": column.highest}
    return {name: bound for name, bound in bounds.items() if bound is not None}


def _told(column: Column) -> str:
    if isinstance(column, Category):
        told = f"{listed(column.values)}: any other is taken with a warning."
    else:
        unit = (column.measured or column).unit if isinstance(column, Number) else ""
        told = f"In {unit}." if unit else ""
    return " ".join(filter(None, [column.note, told]))
