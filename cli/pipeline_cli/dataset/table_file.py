"""A table read from CSV of any origin: the separator, the names, and every value as a text."""

import contextlib
import csv
import difflib
import io
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from pipeline import csv_table
from pipeline.csv_table import one_line
from pipeline.numbers import finite
from pipeline.table.schema import MAX_TEXT, SchemaError
from pipeline.table.table_size import check_lines
from pipeline_cli.dataset.words import counted

SEPARATORS = (*csv_table.SEPARATORS, "|")
PEEKED_RECORDS = 200  # at the start, to find the separator by
PEEKED_BYTES = 2**18
MAX_NAMED = 5  # lines or names that are named in a sentence


class Table(NamedTuple):
    """Columns of n stripped texts, by their names. `notes` says what was cleaned or passed over."""

    columns: dict[str, list[str]]
    separator: str
    notes: list[str]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(next(iter(self.columns.values()), []))


def read_table(content: bytes, place: str) -> Table:
    """Reads a table from UTF-8. Raises SchemaError for what is none, with the line and the cure."""
    empty = SchemaError(f"{place} is empty: it needs a line of names, and rows below it")
    if not content.strip():
        raise empty
    separator = _separator(content, place)
    check_lines(io.BytesIO(content), place, separator.encode())
    records = _records(content, separator, place)
    line, header = next(records, (0, []))
    if not header:  # only Excel's `sep=;`
        raise empty
    names, notes = _names(header, place)
    columns = _columns(records, header, notes, place)
    if not any(map(len, columns)):
        raise SchemaError(f"{place} has no rows below its line of names, line {line}")
    kept = {name: column for name, column in zip(names, columns, strict=True) if name}
    return Table(kept, separator, notes)


def refuse_unknown(wanted: Iterable[str], names: Collection[str]) -> None:
    """Raises SchemaError for a name that is no column's, with those that it may stand for."""
    for name in wanted:
        if name not in names:
            lower = {each.casefold(): each for each in names}
            near = difflib.get_close_matches(name.casefold(), lower, 3, 0.5)
            likely = [lower[each] for each in near] or [*names][:12]
            raise SchemaError(
                f"there is no column {name!r}: is it {' or '.join(likely)}?"
                if near
                else f"there is no column {name!r}: there are {', '.join(likely)}"
                f"{' …' if len(names) > 12 else ''}"
            )


def _records(content: bytes, separator: str, place: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of its line and the values of each record; the first one is the header."""
    text = io.TextIOWrapper(io.BytesIO(content), "utf-8", newline="")
    reader = csv.reader(text, delimiter=separator, skipinitialspace=True, strict=True)
    is_first = True
    try:
        for record in reader:
            values = [_with_newlines(value.strip()) for value in record]
            is_hint = is_first and _hint(separator.join(values))
            if any(values) and not is_hint:
                is_first = False
                yield reader.line_num, values
            elif values and not is_hint and not is_first:
                yield reader.line_num, []
    except csv.Error as error:
        raise SchemaError(
            f"{place}, line {max(1, reader.line_num)}: {error}: is a quote left open, or doubled "
            "where it should not be?"
        ) from error


def _with_newlines(value: str) -> str:
    """Returns a value with one kind of line ends: csv writes another kind without quotes."""
    return value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value


def _hint(line: str) -> str:
    """Returns the separator in `sep=;`, which Excel writes before the header; "" if it is none."""
    line = line.strip().strip('"')
    return line[4:] or "," if line.lower().startswith("sep=") and len(line) <= 5 else ""


def _separator(content: bytes, place: str) -> str:
    """Returns the separator with which most records are as wide as the header, the wider first."""
    start = content[:PEEKED_BYTES]
    if len(content) > PEEKED_BYTES:
        start = start[: start.rfind(b"\n") + 1] or start
    first = start.lstrip().split(b"\n", 1)[0].decode(errors="replace").rstrip("\r")
    if (hint := _hint(first)) in SEPARATORS:
        return hint
    found = max(SEPARATORS, key=lambda separator: _consistency(start, separator))
    if _consistency(start, found) == (0, 0):
        name = first.strip()[:MAX_TEXT]
        raise SchemaError(
            f"{place} has one column, {name!r}, and needs a target and one more: separate the "
            "values of a line by commas, semicolons, tabs or |"
        )
    return found


def _consistency(start: bytes, separator: str) -> tuple[float, int]:
    text = io.StringIO(start.decode(errors="ignore"), newline="")
    reader = csv.reader(text, delimiter=separator, skipinitialspace=True)
    records: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # it is told when the whole is read
        records.extend(record for record in islice(reader, PEEKED_RECORDS) if any(record))
    if not records or len(records[0]) < 2:
        return 0, 0
    width = len(records[0])
    return round(sum(len(record) == width for record in records) / len(records), 2), width


def _names(header: list[str], place: str) -> tuple[list[str], list[str]]:
    """Returns the names of all columns, "" for one that has none, and what was changed."""
    numbers = [name for name in header if finite(name) is not None]
    if 2 * len(numbers) >= len(header) and not _are_names(numbers):
        raise SchemaError(
            f"the first line of {place} holds values ({', '.join(header)[:60]}), and no names: put "
            "a line of names at its top"
        )
    names = [*map(_clean, header)]
    notes: list[str] = []
    for index, (raw, name) in enumerate(zip(header, names, strict=True), 1):
        if not name:
            notes.append(f"column {index} has no name in the first line, and is not taken over")
        elif (first := names.index(name) + 1) < index:
            raise SchemaError(
                f"{place}: columns {first} and {index} are both called {name!r}: rename one of them"
            )
        elif name != raw:
            notes.append(f"column {index} is called {name!r} here, as {raw[:40]!r} is no name")
    return names, notes


def _clean(name: str) -> str:
    """Returns a name on one line, without invisible characters, and cut if it is too long."""
    visible = "".join(char for char in name if char.isprintable() or char.isspace())
    return one_line(visible)[:MAX_TEXT].strip()


def _are_names(names: list[str]) -> bool:
    """Returns True for names like 1990, 1991, and for pandas' own, 0, 1, 2 …"""
    if not all(name.isdecimal() for name in names):
        return False
    numbers = [*map(int, names)]
    counted_up = [*range(numbers[0], numbers[0] + len(numbers))]
    is_counted = len(numbers) > 2 and numbers == counted_up and numbers[0] in {0, 1}
    return is_counted or all(1500 < number < 2200 for number in numbers)


def _columns(
    records: Iterator[tuple[int, list[str]]], header: list[str], notes: list[str], place: str
) -> list[list[str]]:
    columns: list[list[str]] = [[] for _ in header]
    known: list[dict[str, str]] = [{} for _ in header]  # equal texts are kept once
    wrong: list[tuple[int, int]] = []
    rows = empty = 0
    for line, record in records:
        empty += not record
        rows += bool(record)
        if record and len(record) != len(header):
            wrong.append((line, len(record)))
        elif record and not wrong:
            for column, texts, value in zip(columns, known, record, strict=True):
                column.append(texts.setdefault(value, value))
    if wrong:
        raise SchemaError(_widths(wrong, rows, len(header), place))
    if empty:
        notes.append(f"{counted(empty, 'line')} without any value passed over")
    return columns


def _widths(wrong: list[tuple[int, int]], rows: int, width: int, place: str) -> str:
    lines = ", ".join(f"line {line} has {values}" for line, values in wrong[:MAX_NAMED])
    more = " …" if len(wrong) > MAX_NAMED else ""
    said = f"{place}: {len(wrong):,} of {rows:,} rows do not have the header's {width} values: "
    ((most, times),) = Counter(values for _, values in wrong).most_common(1)
    if times == rows and most == width + 1:
        return f"{said}all have {most}: give the first column a name, too"
    return f"{said}{lines}{more}. Mend them, or put values with a separator in them in quotes"
