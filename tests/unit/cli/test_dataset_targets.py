"""What `dataset init` predicts, and by what it splits; and what a person decides."""

import datetime
from collections.abc import Iterable
from typing import Any

import pytest

from pipeline.table.schema import Category, Number, Text
from support.dataset_command import DataSets, csv_of, with_column

N = 60
DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=n * 5 % 331) for n in range(N)]

TARGETS: dict[str, tuple[Iterable[Any], list[str]]] = {
    "words": (["no", "yes"] * 30, ["no", "yes"]),
    "truth": (["True", "False"] * 30, ["False", "True"]),
    "two numbers": ([1, 0] * 30, ["0", "1"]),
    "one number in two forms": (["1", "0", "1.0"] * 20, ["0", "1"]),
    "few integers": ([10, 9, 8] * 20, ["8", "9", "10"]),
    "integers, some rare": ([1] * 25 + [2] * 26 + [3] * 9, []),
    "many integers": (list(range(12)) * 5, []),
    "decimals": ([0.5, 1.5, 2.5] * 20, []),
    "leading zeros": (["01", "02"] * 30, ["01", "02"]),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_cli.dataset.leaks.MIN_ROWS", 10**9)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_is_a_number_or_a_class(name: str, datasets: DataSets) -> None:
    values, classes = TARGETS[name]
    content = csv_of(["x", "y"], ([n * 7 % 31 + 0.5, value] for n, value in enumerate(values)))
    schema = datasets.made(content).schema
    assert schema.target.classes == classes
    assert schema.task == ("classification" if classes else "regression")


def test_integers_that_may_be_classes_are_told_and_decided(datasets: DataSets) -> None:
    content = csv_of(["x", "y"], ([n * 7 % 31 + 0.5, n % 3] for n in range(60)))
    _, out, _ = datasets.init(content)
    assert "y: its 3 integers are taken as classes, and may be grades or counts: --task regr" in out
    made = datasets.made(content, "--replace", "--task", "regression")
    assert (made.schema.task, made.schema.target.most) == ("regression", 2.0)


def test_rows_without_a_target_are_left_out_and_counted(datasets: DataSets) -> None:
    content = csv_of(["x", "y"], ([n % 31 + 0.5, "NA" if n % 4 == 0 else n] for n in range(60)))
    _, out, _ = datasets.init(content)
    assert "15 of 60 rows left out: without a value of y to learn from" in out
    assert "y: read as missing in 15 rows: 'NA'" in out
    assert len(datasets.load().rows.labels) == 45
    assert (datasets.folder / "houses" / "rows.csv").read_bytes().count(b"\n") == 46


def test_a_class_that_is_a_word_for_missing_is_told(datasets: DataSets) -> None:
    content = csv_of(["x", "y"], ([n % 31 + 0.5, ["NA", "EU", "AF"][n % 3]] for n in range(60)))
    _, out, _ = datasets.init(content)
    assert "y: read as missing in 20 rows: 'NA'" in out
    assert datasets.load().schema.target.classes == ["AF", "EU"]


def test_a_target_that_counts_the_rows_is_told(datasets: DataSets) -> None:
    _, out, _ = datasets.init(csv_of(["x", "y"], ([n % 7, n] for n in range(1, 61))))
    assert "y: counts the rows: 1, 2, 3 …: is it the column to predict?" in out


@pytest.mark.parametrize(
    "options",
    [["--category", "y"], ["--leave-out", "y"], ["--split", "group", "--split-column", "y"]],
)
def test_the_target_is_no_column_to_decide_on(options: list[str], datasets: DataSets) -> None:
    content = csv_of(["x", "y"], ([n * 7 % 31 + 0.5, "ab"[n % 2]] for n in range(60)))
    said = datasets.refused(content, *options)
    assert said.startswith("y is the column to predict: --task says whether it is a number or a cl")


def test_rows_of_no_group_are_told(datasets: DataSets) -> None:
    content = with_column([f"g{n % 6}" if n % 4 else "" for n in range(60)])
    _, out, _ = datasets.init(content, "--split", "group", "--split-column", "c")
    assert "c is missing in 15 rows, which count as one group" in out


@pytest.mark.parametrize("kind", ["number", "category", "text"])
def test_a_column_that_begins_after_training_is_refused(kind: str, datasets: DataSets) -> None:
    days = sorted(DAYS)
    rows = ([day, "" if n < 50 else 10 * n, n % 7, n * n % 37] for n, day in enumerate(days))
    content = csv_of(["day", "c", "x", "y"], rows)
    said = datasets.refused(content, "--split", "time", "--split-column", "day", f"--{kind}", "c")
    assert "c: no row to train on has a value of it to learn from: --leave-out c" in said


def test_rows_of_rare_classes_are_left_out_on_demand(datasets: DataSets) -> None:
    labels = ["a", "b"] * 30 + ["c"] * 4
    content = csv_of(["x", "y"], ([n % 31 + 0.5, label] for n, label in enumerate(labels)))
    _, out, _ = datasets.init(content, "--drop-rare-classes")
    assert "y: left out, 4 rows of 1 rare class: c" in out
    assert datasets.load().schema.target.classes == ["a", "b"]


def test_a_person_decides(datasets: DataSets) -> None:
    rows = ([n, n % 3, f"t{n % 4}", f"{n * n}", n * 7 % 11 + 0.5] for n in range(60))
    options = ["--keep", "a", "--category", "b", "--text", "c", "--leave-out", "d"]
    content = csv_of(["a", "b", "c", "d", "y"], rows)
    schema = datasets.made(content, *options, "--title", "Häuser").schema
    assert [type(column) for column in schema.columns] == [Number, Category, Text]
    assert schema.title == "Häuser"
    codes = csv_of(["c", "x", "y"], ([f"00{n % 7}", n % 5, n] for n in range(60)))
    forced = datasets.made(codes, "--number", "c", "--replace").schema.columns[0]
    assert isinstance(forced, Number)


def test_a_split_by_time_and_by_group(datasets: DataSets) -> None:
    rows = ([f"{day:%d.%m.%Y}", f"g{n % 6}", n % 5, n] for n, day in enumerate(DAYS))
    content = csv_of(["day", "group", "x", "y"], rows)
    by_time = datasets.made(content, "--split", "time", "--split-column", "day")
    assert (by_time.schema.split, by_time.schema.names) == ("time", ["group", "x"])
    assert by_time.rows.is_held_out.tolist() == [False] * 48 + [True] * 12
    by_group = datasets.made(content, "--split", "group", "--split-column", "group", "--replace")
    assert by_group.schema.names == ["x"]
    _, out, _ = datasets.init(content, "--split", "hash", "--replace")
    assert "day holds dates: if it is later rows that you want to predict, --split time" in out


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (["a", "b", "c"] * 20, "c holds neither dates nor numbers in each row"),
        (
            ["01/02/2026", "03/04/2026"] * 30,
            "may be 2026-02-01 or 2026-01-02: write dates as 2026-",
        ),
        (["2026-01-01", "2026-01-02", ""] * 20, "c is missing in 20 rows, and a split by time"),
    ],
)
def test_a_split_by_time_needs_times(column: list[str], said: str, datasets: DataSets) -> None:
    content = with_column(column)
    assert said in datasets.refused(content, "--split", "time", "--split-column", "c")


def test_one_group_cannot_be_split(datasets: DataSets) -> None:
    content = with_column(["g"] * N)
    said = datasets.refused(content, "--split", "group", "--split-column", "c")
    assert "of 60 rows would be held out by c, and there must be some on each side" in said


def test_a_target_that_holds_no_numbers_is_no_regression(datasets: DataSets) -> None:
    content = csv_of(["x", "y"], ([n % 31 + 0.5, n if n % 4 else "dear"] for n in range(60)))
    said = datasets.refused(content, "--task", "regression")
    assert "y is to be a number, and 15 rows hold none, like 'dear': mend them, or take" in said
