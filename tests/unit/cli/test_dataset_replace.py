"""`dataset init --replace`: what a person has decided stays, and what moves is told."""

import json
import os
import random
import stat
from typing import Any

import pytest

from pipeline.table.schema import Category, Number
from support.dataset_command import DataSets, csv_of
from support.tables import houses

NAMES = ["rooms", "area", "town", "remarks", "y"]


def edit(datasets: DataSets, **changes: Any) -> None:
    """Changes schema.json as a person does; a change of a column goes by its name."""
    path = datasets.folder / "houses" / "schema.json"
    schema = json.loads(path.read_bytes())
    for column in schema["columns"]:
        column.update(changes.pop(column["name"], {}))
    path.write_text(json.dumps(schema | changes))


def again(datasets: DataSets, *options: str) -> tuple[int, str, str]:
    """Takes in the data set's own rows anew."""
    path = str(datasets.folder / "houses" / "rows.csv")
    return datasets("init", path, "--name", "houses", "--replace", *options)


def content_of(datasets: DataSets) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (datasets.folder / "houses").iterdir()}


def test_taking_in_its_own_rows_changes_nothing(datasets: DataSets) -> None:
    days = [f"{n % 28 + 1}.{n % 12 + 1}.2026" for n in range(400)]
    rows = [
        [n, day, f"{n % 7},5", *row]
        for n, (day, row) in enumerate(zip(days, houses(), strict=True))
    ]
    rows[3][-1] = "NA"
    datasets.made(csv_of(["id", "day", "weight", *NAMES], rows, ";"))
    before = content_of(datasets)
    status, _, err = again(datasets)
    assert (status, err) == (0, "")
    assert content_of(datasets) == before
    assert datasets("init", str(datasets.folder / "houses" / "rows.csv"), "--name", "copy",
                    "--target", "y")[0] == 0  # fmt: skip
    assert datasets.load("copy").schema.columns == datasets.load().schema.columns
    assert {*before} == {"rows.csv", "schema.json"}, "no temporary file is left"


def test_what_a_person_has_decided_stays(datasets: DataSets) -> None:
    table = csv_of(NAMES, houses())
    datasets.made(table, "--category", "rooms", "--leave-out", "remarks", "--title", "Houses")
    edit(
        datasets, area={"unit": "m²", "lowest": 0, "title": "Area"}, town={"note": "by the lake"},
        target={"name": "y", "title": "Price", "unit": "€"},
    )  # fmt: skip
    with (datasets.folder / "houses" / "rows.csv").open("a") as file:
        file.write("7,999,Genf,,700000\n")
    status, out, err = again(datasets)
    assert (status, err) == (0, "")
    assert "remarks  schema.json did not have it before; --keep remarks takes it in" in out
    schema = datasets.load().schema
    rooms, area, town = schema.columns
    assert isinstance(rooms, Category)
    assert isinstance(area, Number)
    assert isinstance(town, Category)
    assert (area.unit, area.lowest, area.title, area.most) == ("m²", 0, "Area", 999)
    assert (town.note, town.values) == ("by the lake", ["Basel", "Bern", "Chur", "Genf"])
    assert (schema.title, schema.target.title, schema.target.unit) == ("Houses", "Price", "€")
    again(datasets, "--keep", "remarks", "--keep", "rooms")
    assert datasets.load().schema.names == NAMES[:-1]
    assert isinstance(datasets.load().schema.columns[0], Category)


def test_classes_stay_in_their_order(datasets: DataSets) -> None:
    labels = ["low", "mid", "high"] * 20
    rows = [[n * 7 % 31 + 0.5, label] for n, label in enumerate(labels)]
    datasets.made(csv_of(["x", "y"], rows))
    edit(datasets, target={"name": "y", "classes": ["low", "mid", "high"]})
    rows += [[n + 0.5, "top"] for n in range(9)]
    made = datasets.made(csv_of(["x", "y"], rows), "--replace")
    assert made.schema.target.classes == ["low", "mid", "high", "top"]


def test_rows_that_change_sides_are_told(datasets: DataSets) -> None:
    """Of few rows those appended move others; of a thousand and more they do not."""
    table = houses(300)
    old = datasets.made(csv_of(NAMES, table)).rows
    _, out, _ = datasets.init(csv_of(NAMES, table + houses(200, seed=2)), "--replace")
    new = datasets.load().rows
    moved = sum(row in new.holdout()[0] for row in old.training()[0])
    assert moved
    assert f"{moved} of the {len(old.training()[0])} rows that models were trained on are" in out
    many = houses(1100)
    datasets.made(csv_of(NAMES, many), "--replace")
    _, out, _ = datasets.init(csv_of(NAMES, many + houses(500, seed=1)), "--replace")
    assert "models were trained on" not in out


def test_rows_appended_in_place_are_known_from_the_old_ones(datasets: DataSets) -> None:
    datasets.made(csv_of(NAMES, houses(300)))
    with (datasets.folder / "houses" / "rows.csv").open("a") as file:
        file.write(csv_of(NAMES, houses(60, seed=1)).split("\n", 1)[1])
    assert " rows that models were trained on are now held out" in again(datasets)[1]


def test_that_the_old_rows_are_gone_is_told(datasets: DataSets) -> None:
    table = houses(300)
    datasets.made(csv_of(NAMES, table))
    random.Random(0).shuffle(table)
    (datasets.folder / "houses" / "rows.csv").write_text(csv_of(NAMES, table))
    assert "the old rows are gone" in again(datasets)[1]


def test_without_replace_nothing_is_touched(datasets: DataSets) -> None:
    datasets.made(csv_of(NAMES, houses()))
    before = content_of(datasets)
    status, out, err = datasets.init(csv_of(NAMES, houses(50)))
    assert (status, out) == (2, "")
    assert "houses is there already: --replace makes it anew" in " ".join(err.split())
    assert content_of(datasets) == before


def test_a_failure_leaves_the_old_data_set(
    datasets: DataSets, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets.made(csv_of(NAMES, houses()))
    before = content_of(datasets)

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    for name in ("houses", "new"):
        status, _, err = datasets.init(csv_of(NAMES, houses(50)), "--replace", "--name", name)
        assert status == 1
        assert "No space left on device" in err
    assert content_of(datasets) == before
    assert [path.name for path in datasets.folder.iterdir()] == ["houses"]


def test_other_users_can_read_it_whatever_the_umask(datasets: DataSets) -> None:
    before = os.umask(0o077)
    try:
        datasets.made(csv_of(NAMES, houses(50)))
    finally:
        os.umask(before)
    folder = datasets.folder / "houses"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"houses": 0o755, "rows.csv": 0o644, "schema.json": 0o644}
    assert stat.S_IMODE(datasets.folder.stat().st_mode) == 0o755


def test_a_wrong_schema_is_not_thrown_away(datasets: DataSets) -> None:
    datasets.made(csv_of(NAMES, houses()))
    edit(datasets, task="regresion")
    before = content_of(datasets)
    status, out, err = again(datasets)
    assert (status, out) == (1, "")
    assert "schema.json: task: Invalid enum value 'regresion'; mend it, or remove the file" in err
    assert content_of(datasets) == before


def test_a_column_that_is_gone_is_told(datasets: DataSets) -> None:
    datasets.made(csv_of(NAMES, houses()))
    rows = [[*row[:2], *row[3:]] for row in houses()]
    _, out, _ = datasets.init(csv_of([*NAMES[:2], *NAMES[3:]], rows), "--replace")
    assert "not in the table any more, and so no longer a column: town" in out
