"""Data sets by their names: the built-in ones, and folders of `datasets/`."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pipeline.table import built_in
from pipeline.table.schema import Schema, SchemaError
from pipeline.table.schema_file import name_problem, read_schema
from pipeline.table.table_size import check_size

if TYPE_CHECKING:
    from pipeline.table.rows import Rows

SCHEMA_FILE, ROWS_FILE = "schema.json", "rows.csv"


class DataSet(NamedTuple):
    """A data set: its schema, and all of its rows."""

    schema: Schema
    rows: "Rows"


def load_schema(name: str, folder: Path) -> Schema:
    """Returns the schema of a data set by its name; `folder` holds those that are not built in.

    Raises SchemaError if there is none of this name, or its schema is wrong.
    """
    if wrong := name_problem(name):
        raise SchemaError(wrong)
    if (known := built_in.schema(name)) is not None:
        return known
    path = folder / name / SCHEMA_FILE
    schema = read_schema(_content(path, name), str(path))
    if schema.name != name:
        raise SchemaError(f"{path}: name: it is {schema.name!r}, and the folder is {name!r}")
    return schema


def load(name: str, folder: Path) -> DataSet:
    """Returns a data set by its name, with its rows.

    Raises SchemaError if it cannot be used, or is too large for the memory of a service.
    """
    # Imported late: a service that needs only the schema is without numpy and scikit-learn; rows
    # from a folder do without scikit-learn, which takes as much memory as a large table.
    schema = load_schema(name, folder)
    if name in built_in.NAMES:
        from pipeline.table import built_in_rows  # noqa: PLC0415

        return DataSet(schema, built_in_rows.rows(name))
    from pipeline.table.rows import read_rows  # noqa: PLC0415

    path = folder / name / ROWS_FILE
    return DataSet(schema, read_rows(_content(path, name), schema, str(path)))


def _content(path: Path, name: str) -> bytes:
    try:
        if path.name == ROWS_FILE:
            check_size(path)
        return path.read_bytes()
    except OSError as error:
        raise SchemaError(
            f"there is no data set {name!r}: {path}: {error.strerror}; built in are "
            f"{' and '.join(built_in.NAMES)}"
        ) from error
