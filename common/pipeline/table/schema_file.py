"""Reads `schema.json`, and says of a wrong one in one sentence where it is wrong, and the cure."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from pipeline.table.schema import (
    MAX_CLASSES,
    MAX_COLUMNS,
    MAX_TEXT,
    Category,
    Column,
    Measured,
    Number,
    Schema,
    SchemaError,
    Target,
)

DATASET_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
# Names of other things where a data set's name stands: of virtual hosts, and of keys in Redis.
RESERVED = {"live", "shadow", "training", "job", "key", "label", "seen", "told"}
JOB_ID = "job_id"  # no column: the inference protocol has the ids there
FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet would run what begins so

_decoder = msgspec.json.Decoder(Schema)


def read_schema(content: bytes, place: str) -> Schema:
    """Returns the schema in the content of a file; `place` names the file in the error.

    Raises SchemaError with the first thing that is wrong.
    """
    try:
        schema = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SchemaError(f"{place}: {_in_words(str(error), content)}") from error
    for problem in problems(schema):
        raise SchemaError(f"{place}: {problem}")
    return schema


def name_problem(name: str) -> str | None:
    """Returns why a text is no name of a data set; None if it is one.

    >>> name_problem("houses"), name_problem("live")
    (None, "'live' is the name of something else here: choose another one")
    """
    if not DATASET_NAME.fullmatch(name):
        return (
            f"{name!r} is no name of a data set: it is 1 to 32 lower-case letters, digits and "
            "hyphens, and begins with a letter"
        )
    if name in RESERVED:
        return f"{name!r} is the name of something else here: choose another one"
    return None


def value_problem(text: str) -> str | None:
    """Returns why a text can be no class or category; None if it can be one.

    What begins as a formula is refused, as it stands in CSV files; a negative number is none.

    >>> value_problem("-1"), value_problem("-"), value_problem("Bern")
    (None, None, None)
    >>> value_problem("=A1")
    "'=A1' begins as a formula does, with '='"
    """
    if not 1 <= len(text) <= MAX_TEXT:
        return f"a text of {len(text)} characters, and it has 1 to {MAX_TEXT}"
    if not text.isprintable() or text != text.strip():
        return f"{text!r} has a line break, an invisible character, or a space at an end"
    if text.startswith(FORMULA_STARTS) and not re.fullmatch(r"[+-](\d+(\.\d*)?)?", text):
        return f"{text!r} begins as a formula does, with {text[0]!r}"
    return None


def problems(schema: Schema) -> Iterator[str]:
    """Yields what is wrong with a schema, each with the place and the cure."""
    if wrong := name_problem(schema.name):
        yield f"name: {wrong}"
    if not 1 <= len(schema.columns) <= MAX_COLUMNS:
        yield f"columns: there are {len(schema.columns):,}, and a row has 1 to {MAX_COLUMNS}"
    yield from _of_names(schema)
    for index, column in enumerate(schema.columns):
        for wrong in _of_column(column):
            yield f"columns[{index}] ({column.name}): {wrong}"
    yield from _of_target(schema.target, schema.task)
    if schema.split in {"group", "time"} and not schema.split_column:
        yield f'split: "{schema.split}" needs "split_column", the column of rows.csv to split by'
    if schema.split == "seed" and schema.rows_sha256:
        yield 'split: "seed" is for built-in data sets, whose rows never change: use "hash"'
    if schema.rows_sha256 and not re.fullmatch(r"[0-9a-f]{64}", schema.rows_sha256):
        yield "rows_sha256: that is no SHA-256, which has 64 digits of 0-9 and a-f"


def _of_names(schema: Schema) -> Iterator[str]:
    names = [*schema.names, schema.target.name]
    for index, name in enumerate(names):
        place = f"columns[{index}]" if index < len(schema.columns) else "target"
        if not name or len(name) > MAX_TEXT or not name.isprintable() or name != name.strip():
            yield (
                f"{place}: {name[:MAX_TEXT]!r} is no name of a column: it has 1 to {MAX_TEXT} "
                "printable characters, and no space at an end"
            )
        if name == JOB_ID and index < len(schema.columns):
            yield f"{place}: {name!r} is where requests have the ids of rows: give it another name"
        if name in names[:index]:
            yield f"{place}: {name!r} is there twice: a name stands for one column"


def _of_column(column: Column) -> Iterator[str]:
    if isinstance(column, Category):
        yield from _of_list("values", column.values, 1)
    if isinstance(column, Number):
        yield from _of_ranges(column)
        if column.measured is not None:
            if column.measured.scale <= 0:
                yield f'measured: "scale" is {column.measured.scale:g}, and must be above 0'
            yield from (f"measured: {wrong}" for wrong in _of_ranges(column.measured))


def _of_target(target: Target, task: str) -> Iterator[str]:
    if task == "regression":
        if target.classes:
            yield 'target: "classes" belong to a classification: remove them, or change "task"'
        yield from (
            f"target: {wrong}" for wrong in _of_range("least", target.least, "most", target.most)
        )
    else:
        if not target.classes:
            yield 'target: a classification needs "classes", a list of at least two texts'
        else:
            yield from (f"target: {wrong}" for wrong in _of_list("classes", target.classes, 2))
        if len(target.classes) > MAX_CLASSES:
            yield f'target: "classes" has {len(target.classes):,}, and the most is {MAX_CLASSES:,}'
        for name in target.classes:
            if name.startswith("{"):  # as the probabilities of a prediction do
                yield f"target: the class {name!r} begins with a brace: give it another name"
        if target.least is not None or target.most is not None:
            yield 'target: "least" and "most" belong to a regression: remove them'


def _of_list(key: str, texts: Sequence[str], least: int) -> Iterator[str]:
    if len(texts) < least:
        yield f'"{key}" has {len(texts)}, and needs at least {least}'
    seen: set[str] = set()
    for index, text in enumerate(texts):
        if wrong := value_problem(text):
            yield f'"{key}"[{index}]: {wrong}'
        if text in seen:
            yield f'"{key}"[{index}]: {text!r} is there twice'
        seen.add(text)


def _of_ranges(part: Number | Measured) -> Iterator[str]:
    yield from _of_range("least", part.least, "most", part.most)
    yield from _of_range("lowest", part.lowest, "least", part.least)
    yield from _of_range("most", part.most, "highest", part.highest)
    if part.step is not None and part.step <= 0:
        yield f'"step" is {part.step:g}, and must be above 0'


def _of_range(low: str, least: float | None, high: str, most: float | None) -> Iterator[str]:
    if least is not None and most is not None and least > most:
        yield f'"{low}" is {least:g}, and greater than "{high}", {most:g}'


def _in_words(text: str, content: bytes) -> str:
    """Returns msgspec's error with the place first, as `columns[3].type`."""
    found = re.fullmatch(r"(.*?)(?: - at `\$\.?(.*)`)?", text, re.DOTALL)
    said, place = (found[1], found[2] or "") if found else (text, "")
    if missing := re.fullmatch("Object missing required field `(.+)`", said):
        said = f'there is no "{missing[1]}"'
    elif unknown := re.fullmatch("Object contains unknown field `(.+)`", said):
        said = f'"{unknown[1]}" is no key that is known here: is it misspelt?'
    elif said.startswith("Invalid value '") and place.endswith("type"):
        said += ': a column is of type "number", "category" or "text"'
    if not content.strip():
        said = "the file is empty"
    return f"{place}: {said}" if place else said
