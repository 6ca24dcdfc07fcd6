"""The data sets that need no files: diabetes, the default, and iris, with classes."""

from functools import cache
from pathlib import Path

from pipeline.table.schema import Schema
from pipeline.table.schema_file import read_schema

DIABETES, IRIS = "diabetes", "iris"
NAMES = (DIABETES, IRIS)

_SCHEMAS = Path(__file__).with_name("schemas")


@cache
def schema(name: str) -> Schema | None:
    """Returns the schema of a built-in data set; None if there is none of this name."""
    path = _SCHEMAS / f"{name}.json"
    return read_schema(path.read_bytes(), str(path)) if name in NAMES else None


def default() -> Schema:
    """Returns the schema of the default data set."""
    found = schema(DIABETES)
    assert found is not None
    return found
