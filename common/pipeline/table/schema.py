"""The schema of a data set: what a row is, and what is predicted from it.

`datasets/NAME/schema.json` holds it. All else follows from it: the decoders of messages, the form,
the picture's axis, the pipeline that is trained.
"""

from typing import Literal

import msgspec

from pipeline.errors import PipelineError

MAX_COLUMNS = 500
MAX_CLASSES = 1_000  # counts of which is taken for which grow with the square
MAX_TEXT = 100  # characters of a class, a category, or a name
ROUNDING = 0.0051  # of a scaled number: the largest effect of rounding it to two digits

Task = Literal["regression", "classification"]
Split = Literal["seed", "hash", "group", "time"]


class SchemaError(PipelineError):
    """A schema that says something impossible; the text has the place and the cure."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file: a key that is not known is refused, as it may be a misspelt one."""


class Measured(_Part, frozen=True):
    """A number as people measure it; in a message it is (measured - mean) / scale.

    The other fields are as those of Number, in this unit.
    """

    mean: float
    scale: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    lowest: float | None = None
    highest: float | None = None
    step: float | None = None


class Number(_Part, frozen=True, tag_field="type", tag="number"):
    """A column of numbers.

    `least` and `most` are the ends of the range in the data set, `lowest` and `highest` of what is
    possible at all, `step` is the precision.
    """

    name: str
    title: str = ""
    note: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    lowest: float | None = None
    highest: float | None = None
    step: float | None = None
    missing: bool = False
    measured: Measured | None = None


class Category(_Part, frozen=True, tag_field="type", tag="category"):
    """A column of texts from a short list; a row may bring one that `values` does not have."""

    name: str
    values: list[str]
    title: str = ""
    note: str = ""
    missing: bool = False


class Text(_Part, frozen=True, tag_field="type", tag="text"):
    """A column of free text."""

    name: str
    title: str = ""
    note: str = ""
    missing: bool = False


Column = Number | Category | Text


class Target(_Part, frozen=True):
    """The column that is predicted: a number in a range, or one of `classes`, in their order."""

    name: str
    title: str = ""
    unit: str = ""
    least: float | None = None
    most: float | None = None
    classes: list[str] = []


class Schema(_Part, frozen=True):
    """A data set as `schema.json` describes it.

    `split` says how a fifth of the rows is held out; for `group` and `time` by `split_column`, a
    column of rows.csv that may, but need not, be one of `columns`. `rows_sha256` is the SHA-256 of
    rows.csv, in hex; the built-in data sets have none.
    """

    name: str
    task: Task
    target: Target
    columns: list[Column]
    title: str = ""
    split: Split = "hash"
    split_column: str = ""
    rows_sha256: str = ""

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the values in a message."""
        return [column.name for column in self.columns]

    @property
    def is_numeric(self) -> bool:
        """True if every column holds numbers."""
        return all(isinstance(column, Number) for column in self.columns)

    def to_json(self) -> bytes:
        """Returns the file's content: JSON, UTF-8, indented for a person who edits it."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"
