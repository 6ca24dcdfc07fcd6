"""Rows of a data set: read by the schema, and split the same wherever it is done."""

import hashlib
import random
import tracemalloc
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.table import rows as table_rows
from pipeline.table import split
from pipeline.table.rows import read_rows
from pipeline.table.schema import Category, Number, Schema, SchemaError, Target, Text

HOUSES = Schema(
    "houses",
    "regression",
    Target("price"),
    [Number("rooms"), Category("town", ["Basel", "Bern"]), Text("remarks", missing=True)],
)
FLOWERS = Schema(
    "flowers",
    "classification",
    Target("kind", classes=["a", "b"]),
    [Number("width", missing=True)],
)
HEADER = "rooms,town,remarks,price\n"

keys = st.lists(st.integers(0, 50).map(str).map(str.encode), min_size=1, max_size=200)


def numbered(count: int) -> list[bytes]:
    return [str(index).encode() for index in range(count)]


def test_rows_are_read_in_the_order_of_the_schema() -> None:
    content = "town,price,id,rooms,remarks\nBern,100,1,3,nice\nThun,200.5,2,4,\n"
    rows = read_rows(content.encode("utf-8-sig"), HOUSES, "rows.csv")
    assert rows.values == [[3.0, "Bern", "nice"], [4.0, "Thun", ""]]
    assert rows.labels == [100.0, 200.5]


def test_rows_without_a_label_and_empty_lines_are_left_out() -> None:
    rows = read_rows(f"{HEADER}3,Bern,x,\n\n4,Bern,y,1\n".encode(), HOUSES, "rows.csv")
    assert rows.labels == [1.0]


def test_missing_numbers_are_none() -> None:
    rows = read_rows(b"kind,width\na,\nb,2\n", FLOWERS, "rows.csv")
    assert rows.values == [[None], [2.0]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "line 1: there is no column 'rooms'"),
        ("rooms,town,remarks\n", "line 1: there is no column 'price'"),
        (f"{HEADER}3,Bern\n", "line 2: 2 values, and the header has 4 names"),
        (f"{HEADER}3,Bern,a,1\nx,Bern,a,1\n", "line 3: rooms: 'x' is no number"),
        (f"{HEADER}nan,Bern,a,1\n", "line 2: rooms: 'nan' is no number"),
        (f"{HEADER}3,,a,1\n", "line 2: town: missing, and the schema does not allow it"),
        (f"{HEADER}3,Bern,a,dear\n", "line 2: price: 'dear' is no number"),
        (f'{HEADER}3,Bern,"a,1\n', "line 2: unexpected end of data"),
    ],
)
def test_a_file_that_does_not_fit_is_told_with_its_line(content: str, said: str) -> None:
    with pytest.raises(SchemaError, match=r"^rows\.csv, line") as raised:
        read_rows(content.encode(), HOUSES, "rows.csv")
    assert said in str(raised.value)


def test_a_class_that_the_schema_does_not_know_is_told() -> None:
    with pytest.raises(SchemaError, match="kind: 'c' is none of the classes a, b"):
        read_rows(b"kind,width\nc,1\n", FLOWERS, "rows.csv")


def test_a_file_that_has_changed_is_refused_with_the_cure() -> None:
    content = f"{HEADER}3,Bern,a,1\n".encode()
    schema = Schema(
        HOUSES.name, HOUSES.task, HOUSES.target, HOUSES.columns,
        rows_sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
    assert len(read_rows(content, schema, "rows.csv").labels) == 1
    with pytest.raises(
        SchemaError,
        match=r"To take it in anew: python -m pipeline dataset init rows\.csv --name houses "
        r"--replace \(with Docker: docker compose run --rm pipeline dataset …\); or, .* put into "
        r'its schema\.json: "rows_sha256": "[0-9a-f]{64}"',
    ):
        read_rows(content + b"4,Bern,b,2\n", schema, "rows.csv")


def test_equal_rows_and_rows_of_a_group_stay_together() -> None:
    lines = "".join(f"{n % 50},Bern,{n % 7},{n}\n" for n in range(400))
    grouped = Schema(
        HOUSES.name, HOUSES.task, HOUSES.target, HOUSES.columns, split="group",
        split_column="remarks",
    )  # fmt: skip
    for schema, place in ((HOUSES, 0), (grouped, 2)):
        rows = read_rows((HEADER + lines).encode(), schema, "rows.csv")
        (training, _), (held_out, _) = rows.training(), rows.holdout()
        assert training
        assert held_out
        whole = slice(None) if schema is HOUSES else slice(place, place + 1)
        assert not {str(row[whole]) for row in training} & {str(row[whole]) for row in held_out}


def test_the_last_fifth_by_time_is_held_out() -> None:
    days = [f"2026-01-{day:02}" for day in range(1, 31)]
    random.Random(1).shuffle(days)
    mask = split.by_time(days)
    assert [day for day, out in zip(days, mask, strict=True) if out and day < "2026-01-25"] == []
    assert mask.sum() == 6
    assert not split.by_time(["2026"] * 5).any()


@given(keys, st.randoms())
def test_the_order_of_rows_changes_nothing(rows: list[bytes], dice: Any) -> None:
    shuffled = rows.copy()
    dice.shuffle(shuffled)
    assert dict(zip(rows, split.by_key(rows), strict=True)) == dict(
        zip(shuffled, split.by_key(shuffled), strict=True)
    )


@given(keys)
def test_small_tables_have_rows_on_both_sides(rows: list[bytes]) -> None:
    mask = split.by_key(rows)
    assert mask.any() == (len({*rows}) > 1)
    assert not mask.all()


@pytest.mark.parametrize("count", [10, 150, 999, 1_000, 5_000])
def test_about_a_fifth_is_held_out(count: int) -> None:
    assert split.by_key(numbered(count)).mean() == pytest.approx(0.2, abs=0.02)


def test_from_1000_rows_on_appending_moves_no_row() -> None:
    small, large = numbered(1_000), numbered(3_000)
    assert np.array_equal(split.by_key(large)[:1_000], split.by_key(small))


def test_a_rare_class_stands_on_both_sides() -> None:
    for rare in range(2, 6):
        classes = ["a"] * 95 + ["b"] * rare
        mask = split.by_key(numbered(len(classes)), classes)
        assert {*np.array(classes)[mask]} == {*np.array(classes)[~mask]} == {"a", "b"}


@pytest.mark.parametrize("place", [0, 5, 7, 8, 9, 40])
def test_the_first_byte_that_is_no_utf_8_is_told(
    place: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_rows, "BLOCK_BYTES", 8)  # parts that end within a character
    content = "kind,width\n😀😀😀,1\na€é,2\nb,3\n".encode()
    table_rows._check_encoding(content, "rows.csv")
    wrong = content[:place] + b"\xff" + content[place:]
    with pytest.raises(UnicodeDecodeError) as error:
        wrong.decode()
    with pytest.raises(SchemaError, match=f"no UTF-8 at byte {error.value.start}: save"):
        table_rows._check_encoding(wrong, "rows.csv")
    with pytest.raises(SchemaError, match=f"no UTF-8 at byte {len(content)}: save"):
        table_rows._check_encoding(content + "€".encode()[:2], "rows.csv")


def test_one_rare_character_and_the_split_take_little_memory() -> None:
    content = ("kind,width\n" + "a,1\n" * 200_000 + "b,2\n").encode()
    texts = msgspec.structs.replace(FLOWERS, columns=[Text("width")])
    tracemalloc.start()
    table_rows._check_encoding("😀".encode() + content, "rows.csv")
    assert tracemalloc.get_traced_memory()[1] < 6 * 2**20
    tracemalloc.stop()
    long = b"kind,width\n" + b"".join(b"a,%d%s\n" % (i, b"x" * 1_000) for i in range(4_000))
    tracemalloc.start()
    read_rows(long, texts, "rows.csv")
    held = len(long)
    assert tracemalloc.get_traced_memory()[1] < 1.5 * held
    tracemalloc.stop()
