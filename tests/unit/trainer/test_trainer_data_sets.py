"""Data sets: what a CSV file must be, in a sentence for each way in which it is not."""

from pathlib import Path

import numpy as np
import pytest

import data_sets
from pipeline import dataset
from pipeline.messages import FEATURE_NAMES
from pipeline.model_store.store import ModelStore
from pipeline.training import TrainingError, TrainingRequest

ROWS = 25
GOOD = "a,b,y\n" + "".join(f"{row},{row}.5,-1e{row}\n" for row in range(ROWS))


def request(dataset_id: str, features: list[str], target: str) -> TrainingRequest:
    return TrainingRequest(
        job_id="j", model_id="m", dataset_id=dataset_id, features=features, target=target,
        algorithm="linear",
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "good.csv").write_text("\ufeff" + GOOD)
    return ModelStore(str(tmp_path))


def test_the_built_in_one_is_split_as_the_stream_is(store: ModelStore) -> None:
    frame = data_sets.load(store, request("diabetes", [*FEATURE_NAMES], "target"))
    seen, held_out = data_sets.split("diabetes", frame)
    for ours, theirs in ((seen, dataset.training()), (held_out, dataset.holdout())):
        assert (ours.features == theirs.features).all()
        assert (ours.labels == theirs.labels).all()


def test_columns_come_as_asked_for_and_each_row_is_in_one_part(store: ModelStore) -> None:
    frame = data_sets.load(store, request("good", ["b", "a"], "y"))
    seen, held_out = data_sets.split("good", frame)
    assert (seen.features.shape, held_out.features.shape) == ((20, 2), (5, 2))
    rows = np.concatenate([seen.features, held_out.features])
    assert sorted(rows[:, 1]) == [*range(ROWS)]
    assert (rows[:, 0] == rows[:, 1] + 0.5).all()
    assert (data_sets.split("good", frame)[1].labels == held_out.labels).all()


@pytest.mark.parametrize(
    ("dataset_id", "features", "target", "reason"),
    [
        ("good", ["a", "c"], "y", "data set 'good' has no column 'c': it has a, b, y"),
        ("good", ["a"], "z", "data set 'good' has no column 'z'"),
        ("diabetes", ["age"], "label", "data set 'diabetes' has no column 'label': it has age, "),
        ("good", [], "y", "at least one feature"),
        ("good", ["a", "y"], "y", "each column only once"),
        ("../good", ["a"], "y", "there is no data set '../good': there is 'diabetes', and any"),
    ],
)
def test_what_is_not_there_is_told(
    store: ModelStore, dataset_id: str, features: list[str], target: str, reason: str
) -> None:
    with pytest.raises(TrainingError) as error:
        data_sets.load(store, request(dataset_id, features, target))
    assert reason in str(error.value)


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
    frame = data_sets.parse("good", content.encode(), wanted)
    assert [*frame.columns] == wanted
    rows = [[row, row + 0.5, float(f"-1e{row}")] for row in range(ROWS)]
    assert frame.to_numpy().tolist() == rows


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
        data_sets.parse("bad", content, ["a", "y"])
    assert reason in str(error.value)
    assert str(error.value).startswith("data set 'bad' ")


def test_a_file_that_is_too_large_is_not_read(store: ModelStore) -> None:
    """Read, it would be more than the process may have, which would end it without a word."""
    with Path(store.url, "datasets", "large.csv").open("wb") as file:
        file.truncate(2**40)  # it takes no room on the disk
    with pytest.raises(TrainingError, match="data set 'large' of 1,099,511,627,776 bytes is too"):
        data_sets.load(store, request("large", ["a"], "y"))


def test_of_a_long_header_a_part_is_told() -> None:
    header = ",".join(f"c{number}" for number in range(100_000)).encode()
    with pytest.raises(TrainingError, match="has no column 'a': it has c0, c1") as error:
        data_sets.parse("wide", header + b"\n", ["a"])
    assert len(str(error.value)) < 1100
