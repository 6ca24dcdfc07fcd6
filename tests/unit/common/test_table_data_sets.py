"""Data sets by name: built in, or in a folder."""

import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

from pipeline import dataset
from pipeline.table import built_in, table_size
from pipeline.table.data_sets import load, load_schema
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.schema import Number, SchemaError
from pipeline.table.schema_file import problems, read_schema
from support.schemas import DIABETES
from support.tables import houses, write_data_set

HOUSES = (
    '{"name": "houses", "task": "regression", "target": {"name": "price"},'
    ' "columns": [{"name": "rooms", "type": "number"}]}'
)


def test_diabetes_is_as_it_always_was() -> None:
    schema, rows = load("diabetes", Path("nowhere"))
    assert schema.names == load_diabetes().feature_names
    values, labels = rows.holdout()
    order = np.lexsort(dataset.holdout().features.T)
    assert np.array_equal(
        np.array(values)[np.lexsort(np.array(values).T)], dataset.holdout().features[order]
    )
    assert sorted(labels) == sorted(dataset.holdout().labels)


def test_measured_values_of_diabetes_become_those_of_messages() -> None:
    measured = load_diabetes(scaled=False).data
    scaled = load_diabetes().data
    for index, column in enumerate(DIABETES.columns):
        assert isinstance(column, Number)
        assert column.measured is not None
        wire = (measured[:, index] - column.measured.mean) / column.measured.scale
        assert np.allclose(wire, scaled[:, index], atol=1e-12)
        assert column.measured.least == measured[:, index].min()
        assert column.measured.most == measured[:, index].max()


def test_the_default_model_of_iris_knows_its_flowers() -> None:
    schema, rows = load("iris", Path("nowhere"))
    model = default_estimator(schema.task, schema.columns)
    values, labels = rows.training()
    model.fit(matrix(values, schema.columns), labels)
    held_out, expected = rows.holdout()
    assert sorted({*expected}) == schema.target.classes
    assert model.score(matrix(held_out, schema.columns), expected) > 0.9


@pytest.mark.parametrize("name", ["diabetes", "iris"])
def test_a_built_in_schema_could_stand_in_a_file(name: str) -> None:
    schema = built_in.schema(name)
    assert schema is not None
    assert not [*problems(schema)]
    assert read_schema(schema.to_json(), name) == schema


def test_a_data_set_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "houses").mkdir()
    (tmp_path / "houses" / "schema.json").write_text(HOUSES)
    (tmp_path / "houses" / "rows.csv").write_text("rooms,price\n1,10\n2,20\n")
    schema, rows = load("houses", tmp_path)
    assert schema.names == ["rooms"]
    assert rows.values == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("houses", "there is no data set 'houses'"),
        ("Houses", "'Houses' is no name of a data set"),
        ("../etc", "'../etc' is no name of a data set"),
        ("live", "'live' is the name of something else"),
    ],
)
def test_a_data_set_that_is_not_there_is_told(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=said):
        load(name, tmp_path)


def test_a_schema_of_another_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "flats").mkdir()
    (tmp_path / "flats" / "schema.json").write_text(HOUSES)
    with pytest.raises(SchemaError, match="name: it is 'houses', and the folder is 'flats'"):
        load_schema("flats", tmp_path)


def test_a_table_that_does_not_fit_into_memory_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_data_set(tmp_path, houses())
    monkeypatch.setattr(table_size, "MAX_TABLE_BYTES", 2**20)
    assert load("houses", tmp_path).rows.labels
    monkeypatch.setattr(table_size, "MAX_TABLE_BYTES", 100_000)
    text = r"rows\.csv has some 401 rows and 2,\d+ values, which take about 0 MB, and a service has"
    with pytest.raises(SchemaError, match=text):
        load("houses", tmp_path)


@pytest.mark.parametrize(
    ("end", "is_refused"), [("x", False), ("é", False), ("€", True), ("😀", True)]
)
def test_wide_characters_take_more_memory(
    end: str, is_refused: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "x" * 4_000 + end
    write_data_set(tmp_path, [[1, 2, "Bern", text, 3]] * 100)
    monkeypatch.setattr(table_size, "MAX_TABLE_BYTES", 1_000_000)
    with pytest.raises(SchemaError, match="which take about") if is_refused else nullcontext():
        assert load("houses", tmp_path).rows.values[0][3] == text


def test_rows_from_a_folder_do_without_scikit_learn(tmp_path: Path) -> None:
    write_data_set(tmp_path, houses())
    code = (
        "import pathlib, sys; from pipeline.table.data_sets import load;"
        f"load('houses', pathlib.Path({str(tmp_path)!r})); sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
