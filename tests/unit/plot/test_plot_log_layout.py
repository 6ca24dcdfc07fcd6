"""A log is read by the names in its header, however another program writes it."""

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from logs.layout import LayoutError, find
from logs.rows import Rows
from logs.tail import LogTail

FRAME = pd.DataFrame(
    {
        "id": ["a", "b,c", 'd"e'],
        "y_true": [151.0, 75.0, 141.5],
        "y_pred": [112.75, 80.0, 141.5],
        "absolute_error": [38.25, 5.0, 0.0],
    }
)
COLUMNS = ["y_true", "y_pred", "absolute_error"]

WAYS: dict[str, dict[str, Any]] = {
    "as ours": {},
    "another order": {"columns": ["y_pred", "absolute_error", "id", "y_true"]},
    "an index": {"index": True},
    "a named index": {"index": True, "index_label": "row"},
    "semicolons": {"sep": ";"},
    "semicolons and decimal commas": {"sep": ";", "decimal": ","},
    "tabs": {"sep": "\t"},
    "tabs and an index": {"sep": "\t", "index": True},
    "all quoted": {"quoting": csv.QUOTE_ALL},
    "Windows": {"lineterminator": "\r\n"},
    "a byte order mark": {"encoding": "utf-8-sig"},
    "without the error": {"columns": ["id", "y_true", "y_pred"]},
    "without an id": {"columns": COLUMNS},
    "no more than both": {"columns": ["y_pred", "y_true"], "sep": ";"},
}


def written(folder: Path, frame: pd.DataFrame, **way: Any) -> Path:
    path = folder / "metric_log.csv"
    frame.to_csv(path, **({"index": False} | way))
    return path


@pytest.mark.parametrize("name", WAYS)
def test_columns_are_found_by_name(tmp_path: Path, name: str) -> None:
    reader = LogTail(written(tmp_path, FRAME, **WAYS[name]), Rows)
    rows = reader.read()
    assert rows is not None
    for column in COLUMNS:
        assert getattr(rows, column).tolist() == FRAME[column].tolist(), column
    assert (reader.unreadable, reader.problem()) == (0, None)
    last = reader.last_rows(2, reader.offset)
    assert [row.absolute_error for row in last] == [0, 5]
    has_id = "id" in WAYS[name].get("columns", ["id"])
    assert [row.id for row in last] == (['d"e', "b,c"] if has_id else ["", ""])


def test_columns_of_other_names_are_left_alone(tmp_path: Path) -> None:
    frame = FRAME.assign(model="m,1", at="2026-11-29 12:00:00")[["model", *FRAME.columns, "at"]]
    rows = LogTail(written(tmp_path, frame), Rows).read()
    assert rows is not None
    assert rows.y_true.tolist() == FRAME["y_true"].tolist()


@pytest.mark.parametrize("way", ["another order", "semicolons and decimal commas"])
def test_many_rows_are_read_as_fast_as_ours(tmp_path: Path, way: str) -> None:
    """All at once: line by line is ten times slower."""
    frame = pd.concat([FRAME.iloc[:1]] * 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr("logs.parse._parse_by_line")
        rows = LogTail(written(tmp_path, frame, **WAYS[way]), Rows).read()
    assert rows is not None
    assert rows.y_true.tolist() == [151.0] * 1000


def test_a_header_that_comes_again_with_each_piece_is_no_row(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    for _ in range(3):
        FRAME.to_csv(path, mode="a", index=False)
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert len(rows.y_true) == 4 * len(FRAME)
    assert reader.problem() is None


def test_another_header_further_down_holds_for_the_rows_after_it(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    others: list[dict[str, Any]] = [
        {"columns": ["id", "y_pred", "y_true", "absolute_error"]},
        {"columns": ["y_pred", "y_true"]},
        {"columns": ["id", "y_true", "y_pred"], "sep": ";", "decimal": ","},
    ]
    for way in others:
        with path.open("a") as file:
            file.write(str(FRAME.to_csv(**({"index": False} | way))))
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    for column in COLUMNS:
        assert getattr(rows, column).tolist() == FRAME[column].tolist() * 4, column
    assert reader.problem() is None
    last = reader.last_rows(20, reader.offset)
    assert [row.y_true for row in last] == FRAME["y_true"].tolist()[::-1]


@pytest.mark.parametrize("piece", [1, 30, 1000])
def test_a_header_that_changes_the_order_counts_however_the_log_is_appended(
    tmp_path: Path, piece: int
) -> None:
    content = b"id,y_true,y_pred,absolute_error\n" + b"a,100,110,10\n" * 40
    content += b"id,y_pred,y_true,absolute_error\n" + b"b,105,100,5\n" * 40
    path = tmp_path / "metric_log.csv"
    reader = LogTail(path, Rows)
    biases: list[float] = []
    for start in range(0, len(content), piece):
        with path.open("ab") as file:
            file.write(content[start : start + piece])
        rows = reader.read()
        if rows is not None:
            biases += (rows.y_pred - rows.y_true).tolist()
    assert biases == [10] * 40 + [5] * 40
    assert len(reader.last_rows(20, reader.offset)) == 20


def test_rows_under_a_header_that_comes_late_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text("run 7\ny_pred,y_true\n2,1\n")
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert (rows.y_true.tolist(), rows.y_pred.tolist()) == ([1], [2])
    assert "before its header 'y_pred,y_true' are not read" in str(reader.problem())


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (b"uuid,label,prediction,error", "y_true and y_pred"),
        (b"id,y_true,error", "y_pred"),
        (b"id|y_true|y_pred", "y_true and y_pred"),
        (b"", "y_true and y_pred"),
        (b"\xff\xfei\x00d\x00", "y_true and y_pred"),
    ],
)
def test_a_header_without_a_column_is_refused_by_its_name(header: bytes, missing: str) -> None:
    with pytest.raises(LayoutError, match=f"without {missing}: a header names the columns id, y_t"):
        find(header, Rows._fields)


def test_nothing_is_guessed_where_the_header_is_not_known(tmp_path: Path) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text("uuid,label,prediction,error\na,151,112.75,38.25\n")
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert len(rows.y_true) == reader.unreadable == 0
    problem = str(reader.problem())
    assert problem.startswith("metric_log.csv: its first line is 'uuid,label,prediction,error'")
    assert reader.last_rows(20, reader.offset) == []


def test_rows_as_ours_without_a_header_are_read_and_that_is_told(tmp_path: Path) -> None:
    reader = LogTail(written(tmp_path, FRAME.iloc[:1], header=False), Rows)
    rows = reader.read()
    assert rows is not None
    assert rows.y_true.tolist() == [151]
    assert "without a header" in str(reader.problem())
    assert [row.id for row in reader.last_rows(20, reader.offset)] == ["a"]


@pytest.mark.parametrize(
    ("numbers", "read", "told"),
    [
        (["1,234\t1,230"], [1.234], "the comma in '1,234' is read as a decimal comma, but may"),
        (
            ["999\t1", "1,234\t1,230"],
            [999, 1.234],
            "the comma in '1,234' is read as a decimal comma",
        ),
        (["1,234.5\t1,230"], [], "commas separate thousands in its numbers, as in '1,234.5'"),
        (["1,234\t1,230", "5\t1,234,567"], [], "commas separate thousands"),
        (["1,234\t1,230", "0,5\t1"], [1.234, 0.5], None),
        (["1,234\t1,230", "1,2345\t-1,230"], [1.234, 1.2345], None),
    ],
)
def test_commas_that_may_separate_thousands_are_told(
    tmp_path: Path, numbers: list[str], read: list[float], told: str | None
) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text("\n".join(["y_true\ty_pred", *numbers, ""]))
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert rows.y_true.tolist() == read
    problem = reader.problem()
    assert problem is None if told is None else told in str(problem)


@pytest.mark.parametrize("start", ["\n", "\r\n  \r\n", "sep=;\n", "\ufeffsep=;\r\n\n", '"sep=;"\n'])
def test_blank_lines_and_excels_are_skipped_before_the_header(tmp_path: Path, start: str) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text(start + "id;y_true;y_pred\na;1;2,5\n")
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert (rows.y_true.tolist(), rows.y_pred.tolist()) == ([1], [2.5])
    assert reader.problem() is None
    assert [row.id for row in reader.last_rows(20, reader.offset)] == ["a"]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("header", "row", "bad"),
    [
        (
            "id,y_true,y_pred,absolute_error,extra",
            "0,10,30,20,0",
            ("1,5,100,120,20,0", "2,50,60,10"),
        ),
        ("y_true,y_pred,absolute_error", "10,30,20", ("5,100,120,20", "50,60")),
        ("y_true;y_pred;id", "10;30;a", ("5;100;b;c", "50;60")),
    ],
)
def test_a_line_too_long_does_not_make_up_for_one_too_short(
    tmp_path: Path, header: str, row: str, bad: tuple[str, str], order: int
) -> None:
    path = tmp_path / "metric_log.csv"
    path.write_text("\n".join([header, row, *bad[::order], ""]))
    reader = LogTail(path, Rows)
    rows = reader.read()
    assert rows is not None
    assert (rows.y_true.tolist(), reader.unreadable) == ([10], 2)


def test_lines_that_cannot_be_read_are_told_with_the_first_of_them(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    with path.open("a") as file:
        file.write("half,151,,\n" + "x" * 500 + "\n")
    reader = LogTail(path, Rows)
    reader.read()
    assert reader.unreadable == 2
    assert str(reader.problem()).startswith(
        "metric_log.csv: 2 lines could not be read and are not counted in any figure; "
        "the first is 'half,151,,'"
    )
