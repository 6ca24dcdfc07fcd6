"""A file that somebody else changes, moves or deletes: theirs is kept, and a new one begun."""

import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from durable_csv import DurableCsv
from ledger import Ledger

HEADER = "id,value\n"
ROWS = "a,1\nb,2\n"

Change = Callable[[Path], object]


def rewrite(path: Path, content: str) -> None:
    """As a program does that saves in place: the file stays the same one."""
    path.write_text(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size - len("2\n"))


def added_to(path: Path) -> None:
    rewrite(path, path.read_text() + "mine,9\n")


def saved_over_with_equal_length(path: Path) -> None:
    rewrite(path, path.read_text().replace(",", ";"))


def last_line_edited(path: Path) -> None:
    rewrite(path, path.read_text()[:-2] + "7\n")


def saved_over_longer(path: Path) -> None:
    rewrite(path, path.read_text().replace("\n", "\r\n"))


def header_changed(path: Path) -> None:
    rewrite(path, "ID" + path.read_text()[2:])


def saved_over_by_rename(path: Path) -> None:
    other = path.with_name("saved.tmp")
    other.write_text(path.read_text().replace(",", "\t"))
    other.rename(path)


def copied_and_truncated(path: Path) -> None:
    shutil.copy(path, path.with_name("copy.csv"))
    os.truncate(path, 0)


def deleted(path: Path) -> None:
    path.unlink()


def renamed(path: Path) -> None:
    path.rename(path.with_name("moved.csv"))


def renamed_and_created(path: Path) -> None:
    renamed(path)
    path.touch()


IN_PLACE: list[Change] = [cut, added_to, saved_over_with_equal_length, last_line_edited,
                          saved_over_longer, header_changed, saved_over_by_rename]  # fmt: skip
TAKEN_AWAY: list[Change] = [copied_and_truncated, deleted, renamed, renamed_and_created]


class Killed(BaseException):
    """kill -9, in a test."""


class Kills:
    """Ends whatever is done to files or database at the n-th step of it, once armed."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.opened: list[int] = []

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any) -> Any:
            self.step()
            return call(*arguments)

        return wrapped

    def open(self, path: Any, flags: int, mode: int = 0o777) -> int:
        self.step()
        self.opened.append(real_open(path, flags, mode))
        return self.opened[-1]

    def close(self, descriptor: int) -> None:
        self.step()
        if descriptor in self.opened:
            self.opened.remove(descriptor)
        real_close(descriptor)

    def write(self, descriptor: int, content: Any) -> int:
        if self.left == 0:
            real_write(descriptor, content[: len(content) // 2])
        self.step()
        return real_write(descriptor, content)

    def release(self) -> None:
        """As the system does it for a process that ended: descriptors and locks go."""
        self.left = None
        while self.opened:
            real_close(self.opened.pop())


real_open, real_close, real_write = os.open, os.close, os.write


@pytest.fixture
def kills(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kills]:
    kills = Kills()
    monkeypatch.setattr(os, "open", kills.open)
    monkeypatch.setattr(os, "close", kills.close)
    monkeypatch.setattr(os, "write", kills.write)
    for name in ("ftruncate", "pread"):
        monkeypatch.setattr(os, name, kills.wrap(getattr(os, name)))
    for name in ("os.fsync", "durable_csv._sync"):  # nobody cuts the power here
        monkeypatch.setattr(name, kills.wrap(lambda _: None))
    monkeypatch.setattr(fcntl, "flock", kills.wrap(fcntl.flock))
    monkeypatch.setattr(Path, "rename", kills.wrap(Path.rename))
    yield kills
    kills.release()


def connect(folder: Path, kills: Kills | None = None) -> sqlite3.Connection:
    class Database(sqlite3.Connection):
        def execute(self, *arguments: Any) -> sqlite3.Cursor:
            if kills is not None:
                kills.step()
            if arguments[0].startswith("PRAGMA synchronous"):
                return super().execute("PRAGMA synchronous = OFF")
            return super().execute(*arguments)

    database = sqlite3.connect(folder / "state.sqlite3", isolation_level=None, factory=Database)
    database.execute("PRAGMA synchronous = OFF")
    return database


def open_csv(folder: Path, database: sqlite3.Connection) -> DurableCsv:
    return DurableCsv(folder / "log.csv", HEADER, database)


def append(csv: DurableCsv, text: str) -> None:
    csv.record(text)
    csv.write()


def content(folder: Path, name: str = "log.csv") -> str | None:
    path = folder / name
    return path.read_bytes().decode() if path.exists() else None


def changed_by(change: Change, folder: Path) -> str | None:
    """Lets the change happen; what is there then."""
    change(folder / "log.csv")
    return content(folder)


@pytest.mark.parametrize("change", IN_PLACE + TAKEN_AWAY)
def test_while_it_is_written(
    tmp_path: Path, change: Change, caplog: pytest.LogCaptureFixture
) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, ROWS)
    there = changed_by(change, tmp_path)
    for line in ("c,3\n", "", "d,4\n"):
        append(csv, line)
    assert content(tmp_path) == HEADER + "c,3\nd,4\n"
    is_kept = there or change is copied_and_truncated  # its writer may still have it open
    assert content(tmp_path, "log.1.csv") == (there if is_kept else None)
    assert csv.alterations == 1
    assert "log.csv was changed by something else: " in caplog.text
    csv.close()
    csv = open_csv(tmp_path, connect(tmp_path))
    assert csv.alterations == 0
    assert content(tmp_path) == HEADER + "c,3\nd,4\n"


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("change", IN_PLACE + TAKEN_AWAY)
def test_while_it_is_stopped(
    tmp_path: Path, kills: Kills, change: Change, killed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, ROWS)
    if killed:
        kills.release()
    else:
        csv.close()
    there = changed_by(change, tmp_path)
    csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, "c,3\n")
    assert content(tmp_path) == HEADER + "c,3\n"
    assert content(tmp_path, "log.1.csv") == (there or None)
    assert csv.alterations == 1
    assert "log.csv was changed by something else: " in caplog.text


@pytest.mark.parametrize("rows", [3, 3000])
@pytest.mark.parametrize("running", [False, True])
def test_what_is_only_touched_is_not_changed(tmp_path: Path, running: bool, rows: int) -> None:
    """A backup tool, chmod, a program that saves what it has read, a copy put back."""
    path = tmp_path / "log.csv"
    csv = open_csv(tmp_path, connect(tmp_path))
    lines = "".join(f"{row},1\n" for row in range(rows))
    append(csv, lines)
    if not running:
        csv.close()
    os.utime(path, (1, 1))
    path.chmod(0o600)
    rewrite(path, HEADER + lines)
    if not running:
        path.write_bytes(path.read_bytes())
        shutil.move(shutil.copy(path, tmp_path / "backup"), path)
        csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, "c,3\n")
    assert content(tmp_path) == HEADER + lines + "c,3\n"
    assert csv.alterations == 0


def test_a_file_that_was_kept_is_never_overwritten(tmp_path: Path) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    (tmp_path / "log.1.csv").symlink_to("nothing")
    (tmp_path / "log.2.csv").write_text("earlier")
    for row in ("a,1\n", "b,2\n"):
        append(csv, row)
        (tmp_path / "log.csv").write_text(f"mine {row}")
    append(csv, "c,3\n")
    assert content(tmp_path) == HEADER + "c,3\n"
    assert content(tmp_path, "log.2.csv") == "earlier"
    assert content(tmp_path, "log.3.csv") == "mine a,1\n"
    assert content(tmp_path, "log.4.csv") == "mine b,2\n"


def test_who_still_has_it_open_does_not_write_into_ours(tmp_path: Path) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, ROWS)
    with (tmp_path / "log.csv").open("w") as spreadsheet:
        append(csv, "c,3\n")
        spreadsheet.write("id;value\na;1\nb;2\n")
    append(csv, "d,4\n")
    assert content(tmp_path) == HEADER + "c,3\nd,4\n"
    assert content(tmp_path, "log.1.csv") == "id;value\na;1\nb;2\n"


def test_what_was_appended_to_a_file_just_truncated_stays_there(tmp_path: Path) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    append(csv, ROWS)
    csv.record("c,3\n")
    csv.check_in_place()
    os.truncate(tmp_path / "log.csv", 0)
    csv._append()
    append(csv, "d,4\n")
    assert content(tmp_path) == HEADER + "d,4\n"
    assert content(tmp_path, "log.1.csv") == "c,3\n"


def rows_of(folder: Path) -> list[str]:
    """All lines that stand in the files, as metric writes them."""
    lines = [line for path in folder.glob("*.csv") for line in path.read_bytes().split(b"\n")]
    return sorted(line.decode() for line in lines if line in (b"c,3", b"d,4", b"e,5"))


@pytest.mark.parametrize("change", IN_PLACE + TAKEN_AWAY)
def test_a_kill_at_any_moment_while_a_new_file_is_begun(
    tmp_path: Path, kills: Kills, change: Change
) -> None:
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        database = connect(folder, kills)
        csv = open_csv(folder, database)
        append(csv, ROWS)
        csv.record("c,3\nd,4\n")
        change(folder / "log.csv")
        kills.left = number
        try:
            csv.write()
            finished = True
        except Killed:
            finished = False
        kills.release()
        database.close()
        csv = open_csv(folder, connect(folder))
        append(csv, "e,5\n")
        assert rows_of(folder) == ["c,3", "d,4", "e,5"], number
        assert content(folder) in (HEADER + "c,3\nd,4\ne,5\n", HEADER + "e,5\n")
        if finished:
            break
    assert finished
    assert number > 8, "so many moments there are at least"


@pytest.mark.parametrize("written", ["", "c,3\nd,", "c,3\nd,4\n"])
@pytest.mark.parametrize("change", [added_to, header_changed, last_line_edited, deleted])
def test_killed_in_a_write_and_again_while_it_starts_with_a_changed_file(
    tmp_path: Path, kills: Kills, change: Change, written: str
) -> None:
    for number in range(100):
        folder = tmp_path / str(number)
        folder.mkdir()
        csv = open_csv(folder, connect(folder))
        append(csv, ROWS)
        csv.record("c,3\nd,4\n")
        kills.release()
        with (folder / "log.csv").open("a") as file:
            file.write(written)
        change(folder / "log.csv")
        with closing(connect(folder, kills)) as database:
            kills.left = number
            try:
                open_csv(folder, database)
                finished = True
            except Killed:
                finished = False
            kills.release()
        append(open_csv(folder, connect(folder)), "e,5\n")
        kills.release()
        assert rows_of(folder) == ["c,3", "d,4", "e,5"], number
        if finished:
            break
    assert finished


def test_moving_it_is_no_change(tmp_path: Path) -> None:
    csv = open_csv(tmp_path, connect(tmp_path))
    for row in ("a,1\n", "b,2\n"):
        append(csv, row)
        csv.move_to(tmp_path / "older.csv")
    append(csv, "c,3\n")
    assert content(tmp_path) == HEADER + "c,3\n"
    assert content(tmp_path, "older.csv") == HEADER + "b,2\n"
    assert (csv.alterations, csv.length) == (0, len(HEADER + "c,3\n"))
    csv.close()
    assert open_csv(tmp_path, connect(tmp_path)).alterations == 0


@pytest.mark.parametrize("name", ["metric_log.csv", "unmatched.csv"])
def test_one_taken_away_in_an_idle_time_is_there_again_whole(tmp_path: Path, name: str) -> None:
    """Also if metric ends before anything is written to it."""
    path = tmp_path / name
    ledger = Ledger(tmp_path, 60, 100, 100)
    header = path.read_text()
    path.unlink()
    ledger.take([], 0)
    assert path.read_text() == header
    ledger.close()
    Ledger(tmp_path, 60, 100, 100).close()
    assert path.read_text() == header
    assert not list(tmp_path.glob("*.1.csv"))
