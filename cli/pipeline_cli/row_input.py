"""Reads what a person types: the values of a row, and a label. For files see row_files.py."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from pipeline.numbers import finite
from pipeline.table.schema import Column, Number, Schema
from pipeline.table.value_errors import MAX_SHOWN, listed

MAX_ROWS = 1000  # in one request
MAX_BYTES = 900_000  # of JSON in one request: the gateway takes at least 1 MiB
ID_BYTES = 131  # an id with its quotes and its comma, at most


class Rows(NamedTuple):
    """Rows in the form that the gateway takes; `ids` is empty, or has one for each row.

    `absent` are the columns that may be missing, and that the file does not have at all.
    """

    values: list[Any]
    ids: list[str]
    absent: Sequence[str] = ()

    def batches(self) -> Iterator["Rows"]:
        """Yields the rows in parts that are not too large for a request."""
        start = size = 0
        for index, row in enumerate(self.values):
            added = len(msgspec.json.encode(row)) + ID_BYTES
            if index > start and (index - start == MAX_ROWS or size + added > MAX_BYTES):
                yield Rows(self.values[start:index], self.ids[start:index])
                start, size = index, 0
            size += added
        yield Rows(self.values[start:], self.ids[start:])


def of_words(words: Sequence[str], schema: Schema) -> list[Any]:
    """Reads a row from its values in order, or from name=value in any order; "" is missing.

    Words are read by name if one begins with the name of a column and `=`. Raises ValueError in
    words.

    >>> from pipeline.table.schema import Target, Text
    >>> houses = Schema("houses", "regression", Target("price"),
    ...                 [Number("rooms"), Text("remarks", missing=True)])
    >>> of_words(["3", "old"], houses), of_words(["rooms=3"], houses)
    ([3.0, 'old'], [3.0, None])
    >>> of_words(["remarks=old"], houses)
    Traceback (most recent call last):
    ValueError: these are missing: rooms
    """
    names = [_name_of(word, schema) for word in words]
    if not any(names):
        return _in_order(words, schema)
    texts: dict[str, str] = {}
    for name, word in zip(names, words, strict=True):
        if not name:
            raise ValueError(_no_column(word, schema))
        if name in texts:
            raise ValueError(f"{name!r} is given twice")
        texts[name] = word[len(name) + 1 :]
    columns = schema.columns
    if missing := [each.name for each in columns if not each.missing and each.name not in texts]:
        raise ValueError(f"these are missing: {listed(missing)}")
    return [value(texts.get(each.name, ""), each) for each in columns]


def _name_of(word: str, schema: Schema) -> str:
    """Returns the column that a word `name=value` names; "" if it names none."""
    found = [name for name in schema.names if word.startswith(f"{name}=")]
    return max(found, key=len, default="")  # a name may have = in it


def _no_column(word: str, schema: Schema) -> str:
    name, equals, _ = word.partition("=")
    if not equals:
        return f"{word[:MAX_SHOWN]!r} has no name: all values are name=value, or none is"
    return f"there is no column {name[:MAX_SHOWN]!r}: a row has {listed(schema.names)}"


def _in_order(words: Sequence[str], schema: Schema) -> list[Any]:
    columns = schema.columns
    if len(words) == len(columns):
        return [value(word, column) for word, column in zip(words, columns, strict=True)]
    if all("=" in word for word in words):
        raise ValueError(_no_column(words[0], schema))
    count = f"{len(columns)} value{'s' if len(columns) > 1 else ''}"
    hint = "" if schema.is_numeric else "; put a value with spaces in quotes"
    raise ValueError(f"a row has {count} ({listed(schema.names)}), and not {len(words)}{hint}")


def value(text: str, column: Column) -> float | str | None:
    """Reads one value; the gateway checks the rest, such as ranges and categories."""
    text = text.strip()
    if not text:
        if column.missing:
            return None
        kind = "number" if isinstance(column, Number) else "text"
        raise ValueError(f"{column.name}: a {kind} is needed, as no value may be missing here")
    if isinstance(column, Number):
        return number(text, column.name)
    try:
        text.encode()
    except UnicodeEncodeError as error:  # bytes of a command line
        raise ValueError(f"{column.name}: {text[:MAX_SHOWN]!r} is not UTF-8") from error
    return text


def number(text: str, name: str) -> float:
    """Reads a finite number. Raises ValueError in words."""
    found = finite(text)
    if found is None:
        pointed = text.replace(",", ".")
        cure = f": write {pointed}" if text.count(",") == 1 and finite(pointed) is not None else ""
        raise ValueError(f"{name}: {text[:MAX_SHOWN]!r} is not a number{cure}")
    return found


def label(text: str, schema: Schema) -> float | str:
    """Reads a label: a number, or one of the classes. Raises ValueError in words."""
    name, classes = schema.target.name, schema.target.classes
    if schema.task == "regression":
        return number(text, name)
    if text.strip() not in classes:
        raise ValueError(f"{name}: {text[:MAX_SHOWN]!r} is none of the classes {listed(classes)}")
    return text.strip()


def units(wanted: str | None, schema: Schema) -> str | None:
    """Returns the units to tell the gateway. Raises ValueError if there is no choice.

    Where numbers are measured in one unit and sent in another, those of a person are as measured.
    """
    if any(isinstance(column, Number) and column.measured for column in schema.columns):
        return wanted or "raw"
    if wanted:
        raise ValueError(f"{schema.name} has its values in one form only: leave --units out")
    return None
