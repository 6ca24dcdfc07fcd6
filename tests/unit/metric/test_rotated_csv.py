"""The bounded file: what it drops, what it counts, and a crash at each line of its code."""

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import durable_csv
import rotated_csv
from rotated_csv import RotatedCsv

HEADER = "id,value\n"
LINES = [f"{number:03d},abcdefg\n" for number in range(6)]  # of 12 bytes
MAX_BYTES = 60  # 2 lines in a file, header and all


class Killed(BaseException):
    """What kill -9 is: nothing of the code goes on."""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect(tmp_path)) as database:
        yield database


def connect(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "state.sqlite3", isolation_level=None)
    database.execute("PRAGMA journal_mode = MEMORY")
    database.execute("PRAGMA synchronous = OFF")
    database.execute("CREATE TABLE IF NOT EXISTS done (number INTEGER PRIMARY KEY)")
    return database


def open_csv(folder: Path, database: sqlite3.Connection) -> RotatedCsv:
    return RotatedCsv(folder / "log.csv", HEADER, database, MAX_BYTES)


def kept(folder: Path) -> list[str]:
    """The lines of both files."""
    found: list[str] = []
    for path in (folder / "log.older.csv", folder / "log.csv"):
        if path.exists():
            header, *lines = path.read_text().splitlines(keepends=True)
            assert header == HEADER
            found += lines
    return found


def append(csv: RotatedCsv, database: sqlite3.Connection, number: int) -> None:
    csv.rotate()
    with database:
        database.execute("BEGIN IMMEDIATE")
        database.execute("INSERT INTO done VALUES (?)", (number,))
        csv.record(LINES[number])
    csv.write()


def append_all(folder: Path) -> None:
    """Appends what was not appended before."""
    with closing(connect(folder)) as database, closing(open_csv(folder, database)) as csv:
        done = database.execute("SELECT COUNT(*) FROM done").fetchone()[0]
        for number in range(done, len(LINES)):
            append(csv, database, number)


def test_the_oldest_lines_make_room_and_are_counted(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    dropped = []
    with closing(open_csv(tmp_path, database)) as csv:
        for number in range(len(LINES)):
            append(csv, database, number)
            dropped.append(csv.dropped_lines)
            assert kept(tmp_path) == LINES[csv.dropped_lines : number + 1]
            size = sum(path.stat().st_size for path in tmp_path.glob("log*.csv"))
            assert size <= MAX_BYTES + 2 * len(LINES[0])
    assert dropped == [0] * 4 + [2] * 2


def test_an_older_file_of_unknown_length_is_counted(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "old,1\n" * 100)
    with closing(open_csv(tmp_path, database)) as csv:
        for number in range(3):
            append(csv, database, number)
        assert csv.dropped_lines == 100


def test_what_somebody_took_away_is_not_counted_as_dropped(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    with closing(open_csv(tmp_path, database)) as csv:
        for number in range(3):
            append(csv, database, number)
    (tmp_path / "log.older.csv").unlink()
    (tmp_path / "log.csv").unlink()
    with closing(open_csv(tmp_path, database)) as csv:
        for number in range(3, 6):
            append(csv, database, number)
        assert (kept(tmp_path), csv.dropped_lines) == (LINES[3:], 0)


@contextmanager
def killed_at(nth_line: int) -> Iterator[None]:
    """Ends what is in it at the nth line that it runs of the two modules; there may be fewer."""
    left = nth_line
    files = {durable_csv.__file__, rotated_csv.__file__}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in files:
            return None
        left -= event == "line"
        if not left:
            sys.settrace(None)
            raise Killed
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Gives back the files of a process that was killed, and so their locks."""
    opened: set[int] = set()
    os_open = os.open

    def noting_open(*arguments: Any) -> int:
        descriptor = os_open(*arguments)
        opened.add(descriptor)
        return descriptor

    def release(folder: Path) -> None:
        files = {path.stat().st_ino for path in folder.glob("log*.csv")}
        for descriptor in opened:
            with suppress(OSError):
                if os.fstat(descriptor).st_ino in files:
                    os.close(descriptor)
        opened.clear()

    monkeypatch.setattr(os, "open", noting_open)
    monkeypatch.setattr(durable_csv, "_sync", lambda _: None)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return release


def test_a_crash_at_any_line_loses_nothing_and_doubles_nothing(
    tmp_path: Path, release: Callable[[Path], None]
) -> None:
    for nth_line in count(1):
        folder = tmp_path / str(nth_line)
        folder.mkdir()
        try:
            with closing(connect(folder)) as database, killed_at(nth_line):
                csv = open_csv(folder, database)
                for number in range(len(LINES)):
                    append(csv, database, number)
        except Killed:
            release(folder)
        else:
            assert nth_line > 200, "each line was tried"
            break
        append_all(folder)
        with closing(connect(folder)) as database, closing(open_csv(folder, database)) as csv:
            assert kept(folder) == LINES[csv.dropped_lines :], nth_line
            assert csv.dropped_lines == 2, nth_line


def test_a_full_file_that_was_taken_away_is_begun_with_its_header(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    csv = open_csv(tmp_path, database)
    for number in range(2):
        append(csv, database, number)
    (tmp_path / "log.csv").rename(tmp_path / "taken.csv")
    for number in range(2, 5):
        append(csv, database, number)
    assert kept(tmp_path) == LINES[2:5]
    assert (csv.alterations, csv.dropped_lines) == (1, 0)
