"""Data sets: where they are looked for, and what a CSV file of the store must be."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import data_sets
import stored_csv
from pipeline import dataset
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Category, Number, Schema, SchemaError, Target
from pipeline.training import TrainingError, TrainingRequest
from support.schemas import DIABETES, IRIS
from support.tables import HOUSES, houses, write_data_set

ROWS = 25
GOOD = "a,b,y\n" + "".join(f"{row},{row}.5,-1e{row}\n" for row in range(ROWS))


def request(
    dataset_id: str, features: Sequence[str], target: str, data_set: str = "diabetes"
) -> TrainingRequest:
    return TrainingRequest(
        job_id="j", model_id="m", dataset_id=dataset_id, features=[*features], target=target,
        algorithm="linear", data_set=data_set,
    )  # fmt: skip


def of_numbers(names: Sequence[str]) -> Schema:
    """A schema of these columns; the last one is the target."""
    *features, target = names
    return Schema("of-numbers", "regression", Target(target), [Number(name) for name in features])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "of schemas"


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "good.csv").write_text("\ufeff" + GOOD)
    return ModelStore(str(tmp_path))


def put(store: ModelStore, name: str, text: str) -> None:
    Path(store.url, "datasets", f"{name}.csv").write_text(text)


def test_the_built_in_one_is_split_as_the_stream_is_in_the_order_of_always(
    store: ModelStore, folder: Path
) -> None:
    table = data_sets.load(store, request("diabetes", DIABETES.names, "target"), folder)
    for ours, theirs in ((table.training, dataset.training()), (table.held_out, dataset.holdout())):
        assert (ours.features == theirs.features).all()
        assert (ours.labels == theirs.labels).all()
    assert (table.holdout_rows_seen, table.split_digest) == (0, "")


def test_columns_come_as_asked_for_and_each_row_is_in_one_part(
    store: ModelStore, folder: Path
) -> None:
    table = data_sets.load(store, request("good", ["b", "a"], "y"), folder)
    assert (table.training.features.shape, table.held_out.features.shape) == ((20, 2), (5, 2))
    rows = np.concatenate([table.training.features, table.held_out.features])
    assert sorted(rows[:, 1]) == [*range(ROWS)]
    assert (rows[:, 0] == rows[:, 1] + 0.5).all()
    again = data_sets.load(store, request("good", ["b", "a"], "y"), folder)
    assert (again.held_out.labels == table.held_out.labels).all()


def test_a_folder_comes_before_a_file_of_the_store(store: ModelStore, folder: Path) -> None:
    put(store, "houses", GOOD)
    put(store, "iris", GOOD)
    write_data_set(folder, houses())
    table = data_sets.load(store, request("houses", ["town", "rooms"], "price"), folder)
    assert [column.name for column in table.schema.columns] == ["town", "rooms"]
    assert table.training.features.dtype == object
    assert len(table.training.labels) + len(table.held_out.labels) == 400
    assert table.split_digest
    iris = data_sets.load(store, request("iris", IRIS.names, "species"), folder)
    assert {*iris.training.labels} == {*IRIS.target.classes}
    (folder / "houses" / "schema.json").write_text("{")
    with pytest.raises(SchemaError, match=r"houses.schema\.json"):
        data_sets.load(store, request("houses", ["rooms"], "price"), folder)
    (folder / "houses").rename(folder / "elsewhere")
    table = data_sets.load(store, request("houses", ["a"], "y"), folder)
    assert len(table.training.labels) + len(table.held_out.labels) == ROWS


@pytest.mark.parametrize(
    ("dataset_id", "features", "target", "reason"),
    [
        ("good", ["a", "c"], "y", "data set 'good' has no column 'c': it has a, b, y"),
        ("good", ["a"], "z", "data set 'good' has no column 'z'"),
        ("diabetes", ["age"], "label", "the target of data set 'diabetes' is 'target', and not"),
        ("diabetes", ["size"], "target", "data set 'diabetes' has no column 'size': it has age, "),
        ("good", [], "y", "at least one feature"),
        ("good", ["a", "y"], "y", "each column only once"),
        ("../good", ["a"], "y", "there is no data set '../good': there is 'diabetes' and 'iris', "),
    ],
)
def test_what_is_not_there_is_told(
    store: ModelStore, folder: Path, dataset_id: str, features: list[str], target: str, reason: str
) -> None:
    with pytest.raises(TrainingError) as error:
        data_sets.load(store, request(dataset_id, features, target), folder)
    assert reason in str(error.value)


TYPED = "code,rooms,town,remarks,price,kind\n" + "".join(
    f"0{row},{row or ''},{'Bern' if row else ''}, old; quiet ,{row * 10},{'ab'[row % 2]}\n"
    for row in range(ROWS)
)


def test_a_file_of_the_store_has_the_types_of_the_present_data_set(
    store: ModelStore, folder: Path
) -> None:
    """Other columns are numbers; so is a target that is not its own."""
    write_data_set(folder, houses())
    put(store, "typed", TYPED)
    asked = request("typed", ["code", "town", "remarks"], "price", "houses")
    table = data_sets.load(store, asked, folder)
    assert table.schema.task == "regression"
    assert [type(column).__name__ for column in table.schema.columns] == [
        "Number", "Category", "Text",
    ]  # fmt: skip
    rows = sorted(table.training.features.tolist() + table.held_out.features.tolist())
    assert rows[:2] == [[0.0, "", "old; quiet"], [1.0, "Bern", "old; quiet"]]
    assert table.holdout_rows_seen is None
    with pytest.raises(TrainingError, match="has '' in column 'rooms', row 1: each value must be"):
        data_sets.load(store, request("typed", ["rooms"], "price", "houses"), folder)
    with pytest.raises(TrainingError, match="has 'a' in column 'kind', row 1: each value must be"):
        data_sets.load(store, request("typed", ["code"], "kind", "houses"), folder)


def test_a_file_of_the_store_has_the_classes_of_the_present_data_set() -> None:
    kinds = Schema(
        "kinds", "classification", Target("kind", classes=["b", "a"]),
        [Number("code"), Category("town", ["Bern"])],
    )  # fmt: skip
    with pytest.raises(TrainingError, match="has '' in column 'town', row 1: the schema allows no"):
        stored_csv.parse("typed", TYPED.encode(), kinds)
    content = TYPED.replace("0,,,", "0,,Bern,")
    rows, labels = stored_csv.parse("typed", content.encode(), kinds)
    assert rows[:2].tolist() == [[0.0, "Bern"], [1.0, "Bern"]]
    assert labels[:3].tolist() == ["a", "b", "a"]
    with pytest.raises(TrainingError, match="has 'c' in column 'kind', row 2: the classes are b a"):
        stored_csv.parse("typed", content.replace("10,b", "10,c").encode(), kinds)


def test_decimal_commas_are_of_numbers_alone() -> None:
    content = TYPED.replace(",", ";").replace(" old; quiet ", "old, quiet").replace("0;a", "0,5;a")
    rows, labels = stored_csv.parse("typed", content.encode(), HOUSES_OF_TEXT)
    assert (rows[0].tolist(), labels[0]) == (["old, quiet"], 0.5)


HOUSES_OF_TEXT = Schema("houses", "regression", Target("price"), [HOUSES.columns[3]])


COMMAS = {ord("."): ",", ord(","): ";"}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (GOOD.replace(",", ";"), "a b"),
        (GOOD.replace(",", "\t"), "a b"),
        (GOOD.translate(COMMAS), "a b"),
        (GOOD.translate(COMMAS).replace(";", "\t"), "a b"),
        ("sep=;\n" + GOOD.translate(COMMAS), "a b"),
        (GOOD.replace(",", ", "), "a b"),
        (GOOD.replace(",", " , "), "a b"),
        (GOOD.replace("\n", "\r"), "a b"),
        (GOOD.replace("\n", "\r\n"), "a b"),
        ("\n\n" + GOOD, "a b"),
        (GOOD.replace("a,b", '"a",  "b"'), "a b"),
        (GOOD.replace("a,b", '"a, mg",b'), "a,_mg b"),
        (GOOD.replace("a,b", '"a\n(mg)",b'), "a_(mg) b"),
        (GOOD.replace("a,b", '"a\r\n(mg)",b').replace("\n", "\r\n"), "a_(mg) b"),
        (GOOD.replace("a,b", "a, mg;b").replace(",", ";").replace("a; ", "a, "), "a,_mg b"),
        (GOOD.replace("a,b", "note,a,b").replace("\n", "\nx,").removesuffix("x,"), "a b"),
    ],
)  # fmt: skip
def test_a_file_is_read_as_spreadsheets_write_it(content: str, names: str) -> None:
    wanted = [*(name.replace("_", " ") for name in names.split()), "y"]
    features, labels = stored_csv.parse("good", content.encode(), of_numbers(wanted))
    assert features.tolist() == [[row, row + 0.5] for row in range(ROWS)]
    assert labels.tolist() == [float(f"-1e{row}") for row in range(ROWS)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no column 'a': it has none"),
        (b"\x80\x04\x95pickle", "cannot be read as CSV: it is not UTF-8 (invalid start byte)"),
        (GOOD.replace("7,7.5", ",7.5").encode(), "has '' in column 'a', row 8"),
        (GOOD.replace("7,7.5", "inf,7.5").encode(), "has 'inf' in column 'a', row 8"),
        (GOOD.replace("-1e7", "1e999").encode(), "has 'inf' in column 'y', row 8"),
        (GOOD.replace("7,7.5", "seven,7.5").encode(), "has 'seven' in column 'a', row 8"),
        (GOOD.replace("7,7.5", "True,7.5").encode(), "has 'True' in column 'a', row 8"),
        (b"a,y\n" + b"True,1\n" * 20, "has 'True' in column 'a', row 1"),
        (GOOD.replace("7,7.5", "7,7.5,8").encode(), "cannot be read as CSV: Expected 3 fields"),
        (b"a,y\n" + b"1,2,3\n" * 20, "cannot be read as CSV"),
        (GOOD.replace("a,b", "a,a").encode(), "has column 'a' more than once"),
        (b"a,y\n" + b"1,2\n" * 19, "has 19 rows, and at least 20 are needed"),
        (b"a" * 200_000 + b",y\n", "cannot be read as CSV: field larger than field limit"),
        (b"a,y\r1,2\r" * 19, "has 'a' in column 'a', row 2"),
        (b"a,y\n" + "1,é\n".encode("latin-1") * 20, "cannot be read as CSV: it is not UTF-8"),
        ("a\ty\n1\t2\n".encode("utf-16"), "it is not UTF-8 (invalid start byte): save it as UTF-8"),
        (GOOD.replace(",", ";").replace("a;b", "x;b").encode(), "it has x, b, y (separated by sem"),
        (GOOD.replace(",", " ").encode(), "it has a b y (without a comma, a semicolon or a tab)"),
        (GOOD.replace("a,b", 'A,"b, mg"').encode(), 'it has A, "b, mg", y (separated by commas)'),
        (b"a;y\n" + b"1,234;2\n" * 20, "has '1,234' in column 'a', row 1: its comma may be a dec"),
        (b"a;y\n" + b"0,5;1,234.5\n" * 20, "has '1,234.5' in column 'y', row 1"),
        (b"a;y\n" + b"1.200;20,5\n" * 20, "has '1.200' in column 'a', row 1: its point may be a"),
        (b"a;y\n" + b"2;20,5\n" * 20 + b"2;1.200\n", "has '1.200' in column 'y', row 21"),
        (b"a;y\n" + b"1,200;0,5\n" * 20, "has '1,200' in column 'a', row 1: its comma may be"),
        (b'a,y\n"0,5",2\n' * 1 + b"1,2\n" * 20, "has '0,5' in column 'a', row 1"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else None,
)
def test_a_file_that_cannot_be_used_is_told_of(content: bytes, reason: str) -> None:
    with pytest.raises(TrainingError) as error:
        stored_csv.parse("bad", content, of_numbers(["a", "y"]))
    assert reason in str(error.value)
    assert str(error.value).startswith("data set 'bad' ")


def test_a_file_that_is_too_large_is_not_read(store: ModelStore) -> None:
    """Read, it would be more than the process may have, which would end it without a word."""
    with Path(store.url, "datasets", "large.csv").open("wb") as file:
        file.truncate(2**40)  # it takes no room on the disk
    with pytest.raises(TrainingError, match="data set 'large' of 1,099,511,627,776 bytes is too"):
        data_sets.load(store, request("large", ["a"], "y"), Path("none"))


def test_of_a_long_header_a_part_is_told() -> None:
    header = ",".join(f"c{number}" for number in range(100_000)).encode()
    with pytest.raises(TrainingError, match="has no column 'a': it has c0, c1") as error:
        stored_csv.parse("wide", header + b"\n", of_numbers(["a", "y"]))
    assert len(str(error.value)) < 1100
