"""A digest of how rows were held out, kept in a model's record: is it still the same split?"""

import hashlib

import msgspec

from pipeline.table.schema import Schema
from pipeline.table.split import MIN_THRESHOLD_ROWS


def is_by_content(schema: Schema, rows: int) -> bool:
    """Returns True if a row's own content, or its group, decides alone whether it is held out.

    Then other rows that come or go move none across.
    """
    return schema.split in {"hash", "group"} and rows >= MIN_THRESHOLD_ROWS


def split_digest(schema: Schema, rows: int) -> str:
    """Returns a digest of all that decides on the split of so many rows, but for the rows.

    It is "" for a built-in data set, whose split never changes.
    """
    if schema.split == "seed":
        return ""
    columns = [(type(each).__name__, each.name) for each in schema.columns]
    target = schema.task, schema.target.name
    parts = schema.split, schema.split_column, columns, target, is_by_content(schema, rows)
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:12]
