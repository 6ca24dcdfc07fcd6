"""The file after a crash at every point of its protocol; somebody's hand: test_file_watch."""

import fcntl
import os
import sqlite3
from pathlib import Path

import pytest

from durable_csv import DurableCsv
from pipeline.errors import LogError

HEADER = "id,value\n"


@pytest.fixture
def database(tmp_path: Path) -> sqlite3.Connection:
    return sqlite3.connect(tmp_path / "state.sqlite3", isolation_level=None)


def open_csv(tmp_path: Path, database: sqlite3.Connection) -> DurableCsv:
    return DurableCsv(tmp_path / "log.csv", HEADER, database)


def crash(csv: DurableCsv) -> None:
    """What kill -9 does: the descriptor, and with it the lock, goes; nothing is noted."""
    os.close(csv._descriptor)


def text(tmp_path: Path) -> str:
    return (tmp_path / "log.csv").read_text()


def test_recorded_text_is_appended(tmp_path: Path, database: sqlite3.Connection) -> None:
    csv = open_csv(tmp_path, database)
    for line in ("a,1\n", "", "b,2\n"):
        csv.record(line)
        csv.write()
    assert text(tmp_path) == HEADER + "a,1\nb,2\n"


@pytest.mark.parametrize("written", range(len("b,2\nc,3\n") + 1))
def test_a_crash_anywhere_in_a_write_is_made_good(
    tmp_path: Path, database: sqlite3.Connection, written: int
) -> None:
    csv = open_csv(tmp_path, database)
    csv.record("a,1\n")
    csv.write()
    csv.record("b,2\nc,3\n")
    crash(csv)
    with (tmp_path / "log.csv").open("a") as file:
        file.write("b,2\nc,3\n"[:written])
    csv = open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER + "a,1\nb,2\nc,3\n"
    csv.record("d,4\n")
    csv.write()
    csv.close()
    open_csv(tmp_path, database).close()
    assert text(tmp_path) == HEADER + "a,1\nb,2\nc,3\nd,4\n"


def test_a_crash_after_nothing_was_to_be_appended_changes_nothing(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    csv = open_csv(tmp_path, database)
    for line in ("a,1\n", "", ""):
        csv.record(line)
        csv.write()
    crash(csv)
    open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER + "a,1\n"


def test_a_crash_during_recovery_is_made_good(tmp_path: Path, database: sqlite3.Connection) -> None:
    csv = open_csv(tmp_path, database)
    csv.record("a,1\n")
    crash(csv)
    for _ in range(3):
        crash(open_csv(tmp_path, database))
    assert text(tmp_path) == HEADER + "a,1\n"


def test_a_file_taken_away_while_stopped_is_begun_anew(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    csv = open_csv(tmp_path, database)
    csv.record("a,1\n")
    csv.write()
    csv.close()
    (tmp_path / "log.csv").unlink()
    csv = open_csv(tmp_path, database)
    csv.record("b,2\n")
    csv.write()
    assert text(tmp_path) == HEADER + "b,2\n"


def test_a_file_without_its_state_goes_on_behind_its_last_whole_line(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    (tmp_path / "log.csv").write_text(HEADER + "a,1\nb,")
    csv = open_csv(tmp_path, database)
    csv.record("c,3\n")
    csv.write()
    assert text(tmp_path) == HEADER + "a,1\nc,3\n"


def test_an_empty_file_is_begun(tmp_path: Path, database: sqlite3.Connection) -> None:
    (tmp_path / "log.csv").touch()  # as a kill leaves it between its creation and its record
    open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER


def test_a_new_file_has_one_header(tmp_path: Path, database: sqlite3.Connection) -> None:
    crash(open_csv(tmp_path, database))  # the header is what it wrote last
    (tmp_path / "log.csv").unlink()
    open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER


def test_an_emptied_file_is_begun_anew(tmp_path: Path, database: sqlite3.Connection) -> None:
    csv = open_csv(tmp_path, database)
    csv.record("a,1\n")
    csv.write()
    csv.close()
    (tmp_path / "log.csv").write_bytes(b"")
    open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, database: sqlite3.Connection) -> None:
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(LogError, match="is not a regular file"):
        open_csv(tmp_path, database)


def test_a_file_of_somebody_else_is_kept_beside_ours(
    tmp_path: Path, database: sqlite3.Connection, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log.csv").write_text("mine\n")
    open_csv(tmp_path, database)
    assert text(tmp_path) == HEADER
    assert (tmp_path / "log.1.csv").read_text() == "mine\n"
    assert "its first line is not id,value" in caplog.text


def test_a_state_of_an_older_metric_is_taken_over(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    csv = open_csv(tmp_path, database)
    csv.record("a,1\n")
    crash(csv)
    database.execute("DROP TABLE file_end")
    csv = open_csv(tmp_path, database)
    assert csv.alterations == 0
    assert text(tmp_path) == HEADER + "a,1\n"


def test_a_file_that_another_process_has_open_is_left_to_it(
    tmp_path: Path, database: sqlite3.Connection
) -> None:
    """Also where it is put in the place of ours while we write."""
    csv = open_csv(tmp_path, database)
    other = tmp_path / "other.csv"
    other.write_text("mine\n")
    with other.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        other.rename(tmp_path / "log.csv")
        with pytest.raises(LogError, match="is in use: another metric writes to this folder"):
            csv.check_in_place()
    assert text(tmp_path) == "mine\n"
