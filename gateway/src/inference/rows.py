"""Makes rows of tensors: one of each column, or one of all."""

from typing import Any, NamedTuple

from inference.protocol import ProtocolError, Tensor, shown
from inference.tensors import BYTES
from pipeline.table.schema import Column, Number, Schema
from pipeline.table.schema_file import JOB_ID
from pipeline.table.value_errors import listed


class Rows(NamedTuple):
    """The rows of a request, in the order of the columns, and the caller's own ids or None."""

    rows: list[list[Any]]
    ids: list[str] | None


def rows_of(tensors: list[Tensor], schema: Schema) -> Rows:
    """Returns the rows. Raises ProtocolError for tensors that do not make up rows of the schema."""
    by_name = {each.name: each for each in tensors}
    if len(by_name) < len(tensors):
        raise ProtocolError("two inputs have the same name")
    ids = by_name.pop(JOB_ID, None)
    if not by_name:
        raise ProtocolError(f"there are no inputs of the columns {listed(schema.names)}")
    lengths = {each.shape[0] for each in tensors}
    if len(lengths) > 1:
        some = " and ".join(map(str, sorted(lengths)[:2]))
        raise ProtocolError(f"the inputs have {some} rows: all have as many")
    (rows,) = lengths
    first, *others = by_name.values()
    is_matrix = not others and (
        (len(first.shape) == 2 and first.shape[1] > 1) or _is_one_column(first, schema)
    )
    made = _of_matrix(first, schema) if is_matrix else _of_columns(by_name, schema, rows)
    return Rows(made, None if ids is None else _ids(ids))


def _is_one_column(tensor: Tensor, schema: Schema) -> bool:
    return len(schema.columns) == 1 and tensor.shape[1:] in ([], [1])


def _of_matrix(tensor: Tensor, schema: Schema) -> list[list[Any]]:
    columns, width = schema.columns, len(schema.columns)
    if len({isinstance(each, Number) for each in columns}) > 1:
        raise ProtocolError(
            f"the input {shown(tensor.name)} has several columns, but some hold numbers and some "
            f"texts: send an input for each ({listed(schema.names)})"
        )
    if tensor.shape[1:] not in ([width], [] if width == 1 else [width]):
        raise ProtocolError(
            f"the input {shown(tensor.name)} has {tensor.shape[1]:,} columns, and a row has "
            f"{width} ({listed(schema.names)})"
        )
    values = _values(tensor, columns[0])
    cells = [_cell(value, columns[place % width]) for place, value in enumerate(values)]
    return [cells[start : start + width] for start in range(0, len(cells), width)]


def _of_columns(by_name: dict[str, Tensor], schema: Schema, rows: int) -> list[list[Any]]:
    if unknown := [name for name in by_name if name not in schema.names]:
        raise ProtocolError(
            f"the input {shown(unknown[0])} is none of the columns {listed(schema.names)}"
        )
    columns = []
    for column in schema.columns:
        tensor = by_name.get(column.name)
        if tensor is None and not column.missing:
            raise ProtocolError(f"there is no input {shown(column.name)}: it is never missing")
        if tensor is None:
            columns.append([None] * rows)
            continue
        if tensor.shape[1:] not in ([], [1]):
            raise ProtocolError(
                f"the input {shown(column.name)} has the shape {tensor.shape}: a column has [n], "
                "or [n, 1]"
            )
        columns.append([_cell(value, column) for value in _values(tensor, column)])
    return [*map(list, zip(*columns, strict=True))]


def _values(tensor: Tensor, column: Column) -> list[Any]:
    is_number = isinstance(column, Number)
    if is_number == (tensor.datatype == BYTES):
        holds, right = ("numbers", "FP64") if is_number else ("texts", BYTES)
        raise ProtocolError(
            f"the input {shown(tensor.name)} is {tensor.datatype}, and the column holds {holds}: "
            f"send it as {right}"
        )
    return tensor.values


def _cell(value: Any, column: Column) -> Any:
    """Returns a value; an empty text is a missing one, where one can be missing."""
    return None if not value and column.missing and isinstance(value, str) else value


def _ids(tensor: Tensor) -> list[str]:
    if tensor.datatype != BYTES or tensor.shape[1:] not in ([], [1]):
        raise ProtocolError(
            f"the input {JOB_ID} is {tensor.datatype} of the shape {tensor.shape}: it is BYTES, "
            "[n] or [n, 1]"
        )
    return tensor.values
