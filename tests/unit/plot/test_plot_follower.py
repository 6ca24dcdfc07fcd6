"""A log is followed as it grows, and anew when it is another one."""

import math
import os
from pathlib import Path

import pytest

from logs.follower import Follower, catch_up
from logs.rows import Rows
from stats.summary import Summary

HEADER = "id,y_true,y_pred,absolute_error\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "metric_log.csv"


@pytest.fixture
def follower(log: Path) -> Follower[Rows, Summary]:
    return Follower(log, Rows, Summary)


def append(log: Path, *errors: object) -> None:
    with log.open("a") as file:
        file.write("".join([HEADER] * (file.tell() == 0) + [f"a,0,1,{x}\n" for x in errors]))


def test_rows_are_added_to_the_numbers_once(log: Path, follower: Follower[Rows, Summary]) -> None:
    assert follower.catch_up(math.inf), "there is no log, and so all of it is read"
    for rows in (2, 4):
        append(log, 1, 3)
        before = follower.version
        assert follower.catch_up(math.inf)
        assert follower.version != before
        with follower.held() as summary:
            assert (summary.rows, summary.mae) == (rows, 2)
            assert [row.absolute_error for row in follower.last_rows(3)][:2] == [3, 1]


def test_a_new_log_starts_new_numbers(
    log: Path, follower: Follower[Rows, Summary], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    append(log, 1, 2, "x")
    follower.catch_up(math.inf)
    assert (follower.unreadable, follower.rows_read) == (1, 2)
    log.unlink()
    append(log, 1e300)
    follower.catch_up(math.inf)
    with follower.held() as summary:
        assert (summary.rows, summary.mae) == (1, 1e300)
    assert (follower.unreadable, follower.rows_read) == (0, 3)
    assert caplog.records[-1].getMessage() == (
        f"{log} was removed, replaced, cut or rewritten: starting anew"
    )


def test_a_line_without_an_end_is_news_once_it_has_waited(
    log: Path, follower: Follower[Rows, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, 1)
    with log.open("a") as file:
        file.write("a,0,1,2")
    follower.catch_up(math.inf)
    before = follower.version
    follower.catch_up(math.inf)
    assert follower.version == before
    monkeypatch.setattr("logs.log_file.WAIT_SECONDS", 0)
    follower.catch_up(math.inf)
    assert follower.version == before + 1
    assert "its last 7 bytes are not read" in str(follower.problem())


def test_reading_is_done_in_time_slices(
    log: Path, follower: Follower[Rows, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logs.log_file.CHUNK_BYTES", 64)
    append(log, *range(20))
    slices = 1
    while not catch_up([follower], seconds=-math.inf):
        assert follower.is_reading
        slices += 1
    assert slices > 2
    assert not follower.is_reading
    with follower.held() as summary:
        assert summary.rows == 20


def test_the_second_log_is_read_once_the_first_is(tmp_path: Path) -> None:
    logs = [tmp_path / "first.csv", tmp_path / "second.csv"]
    followers = [Follower(log, Rows, Summary) for log in logs]
    for log in logs:
        append(log, 1)
    assert not catch_up(followers, seconds=-math.inf)
    assert [follower.rows_read for follower in followers] == [1, 0]
    assert catch_up(followers, seconds=math.inf)
    assert [follower.rows_read for follower in followers] == [1, 1]


def test_the_csv_is_given_as_far_as_the_numbers_go(
    log: Path, follower: Follower[Rows, Summary]
) -> None:
    with pytest.raises(FileNotFoundError):
        follower.csv()
    append(log, 1)
    follower.catch_up(math.inf)
    content = log.read_bytes()
    append(log, 2)
    file, length = follower.csv()
    with file:
        assert os.pread(file.fileno(), length, 0) == content


def test_rows_that_were_there_before_are_no_rate(
    log: Path, follower: Follower[Rows, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = 100.0
    monkeypatch.setattr("logs.follower.time.monotonic", lambda: clock)
    append(log, *range(50))
    follower.catch_up(math.inf)
    assert follower.rows_per_second() == 0
    clock += 2
    append(log, *range(10))
    follower.catch_up(math.inf)
    assert follower.rows_per_second() == 5
