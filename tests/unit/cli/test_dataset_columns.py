"""The types of columns that `dataset init` understands, read from the schema that it writes."""

import datetime
from collections.abc import Iterable
from typing import Any

import pytest

from pipeline.table.schema import Category, Number, Text
from support.dataset_command import DataSets, csv_of, with_column

KINDS = {"number": Number, "category": Category, "text": Text}
N = 60
DAYS = [datetime.date(2026, 1, 1) + datetime.timedelta(days=n * 5 % 331) for n in range(N)]
LONG = [f"the house number {n * 17 % 61} has {n} windows" for n in range(N)]

COLUMNS: dict[str, tuple[Iterable[Any], str]] = {
    "integers": ([n * n % 23 for n in range(N)], "number"),
    "decimals and powers": (["1.5", "-2", "+3e2", ".5", "7"] * 12, "number"),
    "every word for missing": (["?", "n/a", "None", "-", "NULL", "nan", 1, 2, 3, 4] * 6, "number"),
    "groups of thousands": (["1 234", "12 345.5", "7", "1'000'000", "8"] * 12, "number"),
    "commas between thousands": (["1,234", "12,345.5", "7", "9", "8"] * 12, "number"),
    "truth": (["True", "False", "False", "True", "False"] * 12, "category"),
    "leading zeros": (["00501", "00501", "90210", "00901", "20001"] * 12, "category"),
    "words": (["Bern", "Basel", "Chur", "Bern", "Genf"] * 12, "category"),
    "None as a value": (["None", "wood", "-", "stone", "wood"] * 12, "category"),
    "words among numbers": (["1", "2", "low", "3", "high"] * 12, "category"),
    "sentences": (LONG, "text"),
    "a few sentences": ([f"this one has {n % 3} words in it" for n in range(N)], "category"),
    "long values": ([f"{n % 4} " + "very " * 21 for n in range(N)], "text"),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline_cli.dataset.leaks.MIN_ROWS", 10**9)


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_of_a_type(name: str, datasets: DataSets) -> None:
    values, kind = COLUMNS[name]
    schema = datasets.made(with_column(values)).schema
    assert [*map(type, schema.columns)] == [KINDS[kind], Number]


LEFT_OUT: dict[str, tuple[Iterable[Any], str]] = {
    "empty": ([""] * N, "c empty"),
    "missing by words": (["NA", "nan"] * 30, "c empty"),
    "constant": ([3] * N, "c always '3'"),
    "mostly missing": ([""] * 58 + [1, 2], "c 96.7% of its values are missing"),
    "an index": (range(N), "c counts the rows: 0, 1, 2 …"),
    "an index in any order": ([n * 7 % 61 for n in range(1, N)], "c counts the rows"),
    "beyond a float": ([2**60 + n * n for n in range(N)], "c integers beyond 2^53"),
    "words that differ": ([f"k{n * n}" for n in range(N)], "c 60 of 60 texts are different"),
    "amounts": ([f"${n * n}.50" for n in range(N)], "if '$0.50' is to be a number, write it as "),
    "percentages": ([f"{n * n} %" for n in range(N)], "if '0 %' is to be a number, write it as 0"),
    "commas": ([f"{n * n},5" for n in range(N)], "if '0,5' is to be a number, write it as 0.5"),
    "days": (DAYS, "c dates: a year"),
    "times": ([f"{day} 12:{day.day:02}:00" for day in DAYS], "c dates: a year"),
    "days in German": ([f"{day:%d.%m.%Y}" for day in DAYS], "c dates: a year"),
    "days in English": ([f"{day:%b %d %Y}" for day in DAYS], "c dates: a year"),
    "days as numbers": ([f"{day:%Y%m%d}" for day in DAYS], "c dates: a year"),
    "days or months": (["01/02/2026", "03/04/2026", "05/06/2026"] * 20, "may be 2026-02-01 or"),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_column_is_left_out_with_its_reason(name: str, datasets: DataSets) -> None:
    values, reason = LEFT_OUT[name]
    _, out, err = datasets.init(with_column(values))
    assert err == ""
    assert reason in " ".join(out.partition("left out:")[2].split())
    assert datasets.load().schema.names == ["x"]
    assert b"c,x,y" in (datasets.folder / "houses" / "rows.csv").read_bytes(), "it can be put back"


def test_a_column_named_like_a_key_is_left_out_if_it_is_one(datasets: DataSets) -> None:
    for name in ("id", "PassengerId", "customer_id", "Unnamed: 0"):
        values = [n * n for n in range(N)]
        assert datasets.made(with_column(values, name), "--replace").schema.names == ["x"]
    _, out, _ = datasets.init(with_column([n // 6 for n in range(N)], "patient_id"), "--replace")
    assert "--split group --split-column patient_id" in out


def test_a_column_named_as_the_ids_of_requests_is_left_out_always(datasets: DataSets) -> None:
    texts = csv_of(["job_id", "x", "y"], [[f"k{n % 3}", n * n % 23, n * n] for n in range(N)])
    _, out, err = datasets.init(texts)
    assert (err, datasets.load().schema.names) == ("", ["x"])
    assert "job_id requests have the ids" in " ".join(out.partition("left out:")[2].split())
    _, _, err = datasets.init(texts, "--replace", "--keep", "job_id")
    assert "job_id can be no column" in err


def test_a_little_junk_in_numbers_is_missing_and_told(datasets: DataSets) -> None:
    values: list[Any] = [n * n % 997 for n in range(400)]
    values[7] = values[8] = "ten"
    _, out, _ = datasets.init(with_column(values))
    assert "c: 'ten' in 2 rows is no number, and is read as missing; --category c keeps it" in out
    (column, _) = datasets.load().schema.columns
    assert isinstance(column, Number)
    assert (column.missing, column.least, column.most) == (True, 0.0, 996.0)


@pytest.mark.parametrize("values", [["ten"] * 9, ["1x", "2x", "3x", "4x"]])
def test_more_junk_makes_no_numbers(values: list[str], datasets: DataSets) -> None:
    texts = values + [str(n % 50) for n in range(400)]
    assert isinstance(datasets.made(with_column(texts)).schema.columns[0], Category)


def test_decimal_commas_and_semicolons(datasets: DataSets) -> None:
    rows = (
        [f"{n % 7},{n % 10}", f"{n % 9 + 1},{n % 900 + 100}", f"1.{n + 100},25"] for n in range(40)
    )
    content = "sep=;\n" + csv_of(["x", "z", "y"], rows, ";")
    data = datasets.made(content.encode("utf-16"))
    assert data.rows.values[3] == [3.3, 4.103]
    assert data.rows.labels[3] == 1103.25


def test_a_comma_in_numbers_may_be_either(datasets: DataSets) -> None:
    rows = ([n % 5, f"{n % 9 + 1},{n % 900 + 100}", n * 7 % 11 + 0.5] for n in range(40))
    content = csv_of(["x", "z", "y"], rows, ";")
    _, out, _ = datasets.init(content)
    assert "z  '1,100' may be 1100 or 1.100: write numbers without separators" in out

    _, out, _ = datasets.init(content, "--keep", "z", "--replace")
    assert "z: '1,100' may be 1100 or 1.100, and is read as the former" in out


def test_a_price_with_both_marks_says_what_a_point_is_in_another_column(
    datasets: DataSets,
) -> None:
    rows = ([n % 5, f"{n % 9 + 1}.{n % 900 + 100}", f"1.{n + 100},25"] for n in range(40))
    data = datasets.made(csv_of(["x", "km", "y"], rows, ";"))
    assert data.rows.values[3] == [3.0, 4103.0]


def test_points_that_may_separate_thousands_are_told(datasets: DataSets) -> None:
    rows = ([n % 5, f"{n % 9 + 1}.{n % 900 + 100}", n * 7 % 11] for n in range(40))
    _, out, _ = datasets.init(csv_of(["x", "km", "y"], rows, ";"))
    assert "km: '1.100' is read as 1.100, and may be 1100" in out


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["0%", "5%", "10%"] * 20, "c: if '0%' is to be a number, write it as 0"),
        (["1,5", "2,5", "-"] * 20, "c: if '1,5' is to be a number, write it as 1.5"),
    ],
)
def test_a_category_that_is_almost_a_number_is_told(
    values: list[str], said: str, datasets: DataSets
) -> None:
    assert said in datasets.init(with_column(values))[1]
    assert isinstance(datasets.load().schema.columns[0], Category)


def test_leading_zeros_are_no_number_that_is_badly_written(datasets: DataSets) -> None:
    _, out, _ = datasets.init(with_column([f"{n * 91:05}" for n in range(N)]))
    assert "60 of 60 texts are different\n" in out


def test_what_is_no_number_is_cut_where_it_is_told(datasets: DataSets) -> None:
    _, out, _ = datasets.init(with_column([*(n * n % 997 for n in range(400)), "x" * 300]))
    assert f"c: '{'x' * 40}' in 1 row is no number" in out


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_a_separator_is_found(separator: str, datasets: DataSets) -> None:
    rows = ([f"a, {n % 3}; {n % 3}", n % 7, n] for n in range(40))
    assert datasets.made(csv_of(["c", "x", "y"], rows, separator)).schema.names == ["c", "x"]


def test_names_are_cleaned_and_those_without_left_out(datasets: DataSets) -> None:
    header = ["", " the\nroom ", "a" * 120, "zero\u200bwidth", "y"]
    rows = ([n, n % 7, n % 5, n % 3, n % 11] for n in range(40))
    _, out, _ = datasets.init(csv_of(header, rows))
    assert datasets.load().schema.names == ["the room", "a" * 100, "zerowidth"]
    assert "column 1 has no name in the first line, and is not taken over" in out
    assert "column 4 is called 'zerowidth' here" in out


def test_categories_that_a_schema_cannot_list_stay(datasets: DataSets) -> None:
    values = ["=A1", "wood", "stone\nwall", "wood"] * 15
    _, out, _ = datasets.init(with_column(values))
    data = datasets.load()
    column = data.schema.columns[0]
    assert isinstance(column, Category)
    assert column.values == ["stone wall", "wood"]
    assert data.rows.values[0][0] == "=A1"
    assert "schema.json does not list 1 of its values: '=A1' begins as a formula does" in out


def test_the_most_frequent_categories_are_listed(
    datasets: DataSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline_cli.dataset.making.MAX_VALUES", 2)
    _, out, _ = datasets.init(with_column(["b", "a", "b", "a", "c"] * 12))
    column = datasets.load().schema.columns[0]
    assert isinstance(column, Category)
    assert column.values == ["a", "b"]
    assert "c: schema.json lists the 2 most frequent of its 3 values" in out


def test_line_ends_within_values_are_read_back(datasets: DataSets) -> None:
    content = csv_of(
        ["c", "x", "y"], ([f"{line}\r\nlast\rone", n % 5, n] for n, line in enumerate(LONG))
    )
    assert datasets.made(content).rows.values[0][0] == f"{LONG[0]}\nlast\none"


@pytest.mark.parametrize("header", [["0", "1", "2"], ["1990", "1991", "y"]])
def test_numbers_may_be_names(header: list[str], datasets: DataSets) -> None:
    rows = ([n * 7 % 31 + 0.5, n % 5 * 1.5, n] for n in range(40))
    made = datasets.made(csv_of(header, rows), target=header[2])
    assert made.schema.names == header[:2]
