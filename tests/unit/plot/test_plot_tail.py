"""The follower gives every whole, readable line once, whatever happens to the file."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logs import log_file
from logs.parse import parse
from logs.rows import Rows
from logs.tail import LogTail

HEADER = "id,y_true,y_pred,absolute_error\n"
LINE = "a,151,112.75,38.25\n"

GOOD_LINES = [
    b"a,151,112.75,38.25",
    b"1717171717.123456,25,1e22,1e22",
    b"b,0.1,0.30000000000000004,0.20000000000000004",
    b"c,1e308,-1e308,inf",
    b"d,-5,-5,0\r",
    b'",1,2,1',
    b"\xff\x00,1,2,1",
]
BAD_LINES = [
    b"",
    b"\r",
    b"id,y_true,y_pred,absolute_error",
    b"a,1,2,nan",
    b"a,inf,2,inf",
    b"a,1,1e400,1",
    b"a,1,2,",
    b"a,1,,1",
    b"a,one,2,1",
    b"a,1,2,True",
    b"a,1,2,-1",
    b"a,1,2,1\x007",
    b"a,1,2,1\r7",
    b"\x00\x00",
    b"a,1,2",
    b"a,1,2,1,",
    b"a,1,2,1,9",
    b"a,1,2,1,9,9,9,9",
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metric_log.csv"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def errors_read(reader: LogTail[Rows]) -> list[float]:
    """The errors of everything that there is to read now."""
    errors: list[float] = []
    while (rows := reader.read()) is not None:
        errors += rows.absolute_error.tolist()
    return errors


def test_rows_are_read_once_as_they_are_appended(path: Path) -> None:
    reader = LogTail(path, Rows)
    assert reader.read() is None
    append(path, HEADER)
    assert errors_read(reader) == []
    append(path, LINE)
    rows = reader.read()
    assert rows is not None
    assert [column.tolist() for column in rows] == [[151], [112.75], [38.25]]
    assert reader.read() is None
    append(path, "b,1,2,1\nc,1,3,2\n")
    assert errors_read(reader) == [1, 2]
    assert reader.unreadable == 0


def test_a_torn_line_waits_for_its_end(path: Path) -> None:
    append(path, HEADER + LINE + "b,1,3")
    reader = LogTail(path, Rows)
    assert errors_read(reader) == [38.25]
    append(path, ",2")
    assert errors_read(reader) == []
    append(path, "\n")
    assert errors_read(reader) == [2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (HEADER.replace("\n", "\r") + LINE.replace("\n", "\r"), "its last 51 bytes are not read"),
        (HEADER + LINE + "b,1,2,1", "its last 7 bytes are not read because no line feed ends them"),
    ],
)
def test_what_no_line_feed_ends_is_told_once_it_has_waited(
    path: Path, monkeypatch: pytest.MonkeyPatch, content: str, told: str
) -> None:
    append(path, content)
    reader = LogTail(path, Rows)
    errors_read(reader)
    assert reader.problem() is None
    monkeypatch.setattr(log_file, "WAIT_SECONDS", 0)
    assert told in str(reader.problem())
    append(path, "\n")
    errors_read(reader)
    assert "bytes are not read" not in str(reader.problem())


def test_unreadable_lines_are_skipped_counted_and_said(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    append(path, HEADER + LINE + "edited by hand\n" + LINE + "a,1,2,nan\n")
    reader = LogTail(path, Rows)
    assert errors_read(reader) == [38.25, 38.25]
    assert reader.unreadable == 2
    (record,) = caplog.records
    assert "skipped 2 unreadable line(s)" in record.getMessage()
    assert "edited by hand" in record.getMessage()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path: path.write_text(HEADER), id="cut short"),
        pytest.param(lambda path: path.write_text(""), id="emptied"),
        pytest.param(lambda path: path.unlink(), id="taken away"),
        pytest.param(lambda path: path.with_name("new").rename(path), id="replaced"),
    ],
)
def test_another_file_in_its_place_is_noticed(path: Path, change: Callable[[Path], object]) -> None:
    path.with_name("new").write_text(HEADER + LINE * 9)
    path.write_text(HEADER + LINE * 2)
    reader = LogTail(path, Rows)
    assert not reader.is_outdated()
    reader.read()
    append(path, LINE)
    assert not reader.is_outdated()
    change(path)
    assert reader.is_outdated()
    reader.close()


def test_a_file_written_anew_in_its_place_is_noticed(path: Path) -> None:
    path.write_text(HEADER + LINE * 300)
    for content in (
        HEADER + "b" + LINE[1:] + LINE * 299,  # as long as before
        HEADER + "b" + LINE[1:] + LINE * 900,  # longer
        HEADER + LINE * 299 + "b" + LINE[1:] + LINE,
        "id,y_pred,y_true,absolute_error\n" + LINE * 301,
        "\0" * (2 * len(HEADER + LINE * 300)),
    ):
        reader = LogTail(path, Rows)
        errors_read(reader)
        path.write_text(content)
        assert reader.is_outdated(), content[:60]
        assert reader.read() is None, "nothing of it is taken for more of the old one"
        path.write_text(HEADER + LINE * 300)
        reader.close()


def test_a_file_written_anew_with_more_at_its_end_is_gone_on_with(path: Path) -> None:
    reader = LogTail(path, Rows)
    for rows in range(1, 200):
        path.write_text(HEADER + LINE * rows)
        assert not reader.is_outdated()
        assert errors_read(reader) == [38.25]


def test_a_new_file_is_not_taken_for_the_old_one_that_was_deleted(path: Path) -> None:
    path.write_text(HEADER + LINE)
    reader = LogTail(path, Rows)
    reader.read()
    path.unlink()
    path.write_text(HEADER + LINE)
    assert reader.is_outdated()


def test_a_line_longer_than_a_chunk_does_not_stop_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_file, "CHUNK_BYTES", 64)
    append(path, HEADER + LINE + "x" * 1000 + "\n" + LINE)
    assert errors_read(LogTail(path, Rows)) == [38.25, 38.25]


def test_a_path_that_cannot_be_read_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(OSError, match=r"metric_log\.csv"):
        LogTail(path, Rows).read()


@pytest.mark.parametrize("line", GOOD_LINES)
def test_a_readable_line(line: bytes) -> None:
    rows, unreadable = parse(line + b"\n", Rows)
    assert unreadable == []
    assert [column.tolist() for column in rows] == [[float(x)] for x in line.split(b",")[1:]]


@pytest.mark.parametrize("line", BAD_LINES)
def test_an_unreadable_line(line: bytes) -> None:
    rows, unreadable = parse(line + b"\n", Rows)
    assert unreadable == [line + b"\n"]
    assert [len(column) for column in rows] == [0, 0, 0]


@given(st.lists(st.sampled_from(GOOD_LINES + BAD_LINES)))
def test_bad_lines_spoil_no_others(lines: list[bytes]) -> None:
    rows, unreadable = parse(b"".join(line + b"\n" for line in lines), Rows)
    good = [line for line in lines if line in GOOD_LINES]
    assert rows.absolute_error.tolist() == [float(line.split(b",")[3]) for line in good]
    assert [line[:-1] for line in unreadable] == [line for line in lines if line in BAD_LINES]


@given(
    st.lists(st.floats(min_value=0, max_value=1e300), min_size=1),
    st.lists(st.integers(1, 60)),
    st.integers(40, 200),
)
def test_any_way_of_appending_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, errors: list[float], pieces: list[int], chunk: int
) -> None:
    path = tmp_path_factory.mktemp("logs") / "metric_log.csv"
    content = HEADER + "".join(f"{n},0,{error!r},{error!r}\n" for n, error in enumerate(errors))
    cuts = [0, *itertools.accumulate(pieces), len(content)]
    reader = LogTail(path, Rows)
    read: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_file, "CHUNK_BYTES", chunk + len(HEADER))
        for start, end in itertools.pairwise(cuts):
            append(path, content[start : max(start, end)])
            read += errors_read(reader)
    reader.close()
    assert read == errors
