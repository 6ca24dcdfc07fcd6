"""Formats dead letters for a person in a terminal: whatever is in them, it is safe to print."""

import sys
from collections import Counter
from collections.abc import Collection
from typing import NamedTuple

from pipeline.broker import Letter
from pipeline.clock import time_of
from pipeline.ids import MAX_ID_CHARACTERS
from pipeline_cli.terminal import MAX_REASON_CHARACTERS, cell, indented, printable, show, table

MAX_KINDS = 20  # of reasons, in the summary
MAX_QUEUE_CHARACTERS = 20
MAX_MS = 253_402_300_800_000  # the year 10000, which datetime cannot express


class Row(NamedTuple):
    """A letter in a line of a list."""

    id: str
    time: str
    queue: str
    reason: str
    body: str


def print_kinds(kinds: Counter[tuple[str, str]]) -> None:
    """Prints how many letters came from which queue for which reason, the most frequent first."""
    rows = table()
    rows.add_column(justify="right", min_width=7)
    rows.add_column(min_width=8)
    for (queue, reason), number in kinds.most_common(MAX_KINDS):
        rows.add_row(f"{number:,}", queue, reason)
    show(rows)
    if len(kinds) > MAX_KINDS:
        print(f"         and {len(kinds) - MAX_KINDS:,} other reasons")


def print_newest(rows: Collection[Row]) -> None:
    """Prints a line for each; in a terminal too narrow for the reasons, a paragraph."""
    if not sys.stdout.isatty():
        lines = [Row("ID", "TIME", "QUEUE", "REASON", "BODY"), *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for line in lines:  # by hand: a table of 100,000 rows would take minutes
            texts = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            print("  ".join(texts).rstrip())
        return
    for row in rows:
        show(f"{row.id}  {row.time}  {row.queue}", indented(row.reason, 4), indented(row.body, 4))


def row_of(letter: Letter) -> Row:
    return Row(
        cell(letter.id, MAX_ID_CHARACTERS),
        _time(letter),
        cell(letter.queue, MAX_QUEUE_CHARACTERS),
        cell(letter.reason, MAX_REASON_CHARACTERS),
        cell(letter.body[:160].decode("utf-8", "backslashreplace"), 40),
    )


def _time(letter: Letter) -> str:
    """Returns the time of the dead-lettering, UTC."""
    in_ms = letter.headers.get("timestamp_in_ms")
    if not isinstance(in_ms, int) or not 0 <= in_ms < MAX_MS:
        return "-"
    return time_of(in_ms).strftime("%Y-%m-%dT%H:%M:%SZ")


def print_all(letter: Letter) -> None:
    """Prints properties, headers and body."""
    print(f"time: {_time(letter)}")
    for name, value in letter.properties.items():
        print(f"{name}: {printable(str(value))}")
    print("headers:")
    for name, value in letter.headers.items():
        print(f"  {printable(str(name))}: {printable(str(value))}")
    print(f"body, {len(letter.body):,} bytes:")
    for line in letter.body.decode("utf-8", "backslashreplace").split("\n"):
        print(f"  {printable(line)}")
