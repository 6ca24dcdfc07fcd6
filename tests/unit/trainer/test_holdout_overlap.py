"""Hold-out rows in the training data are found, and the model's record says how many."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from holdout_overlap import holdout_rows_seen
from pipeline import dataset
from pipeline.dataset import Dataset
from pipeline.model_store.records import Model
from pipeline.model_store.store import ModelStore
from pipeline.table import data_sets
from pipeline.training import TrainingRequest
from support.tables import houses, write_data_set
from train_model import train_and_store

PATIENTS = data_sets.load("diabetes", Path())
NAMES = PATIENTS.schema.names


def seen_of(order: list[str], rows: Any) -> int | None:
    """Counts the hold-out rows of diabetes in rows that have its columns in this order."""
    columns = [PATIENTS.schema.columns[NAMES.index(name)] for name in order]
    return holdout_rows_seen(PATIENTS, columns, rows)


def patients(data: Dataset) -> pd.DataFrame:
    return pd.DataFrame(data.features, columns=NAMES).assign(target=data.labels)


def trained_on(folder: Path, frame: pd.DataFrame, features: list[str] = NAMES) -> Model:
    (folder / "datasets").mkdir()
    frame.to_csv(folder / "datasets" / "own.csv", index=False)
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="own", features=features, target="target",
        algorithm="linear",
    )  # fmt: skip
    return train_and_store(request, ModelStore(str(folder)), Path("none"), lambda _: None)


@pytest.mark.parametrize("data", [dataset.whole(), dataset.clinical()], ids=["scaled", "clinical"])
def test_the_same_patients_sorted_by_age_are_recognized(tmp_path: Path, data: Dataset) -> None:
    """Split anew, some four in five of the hold-out are trained on."""
    model = trained_on(tmp_path, patients(data).sort_values("age"))
    assert model.holdout_rows_seen is not None
    assert 60 <= model.holdout_rows_seen <= 80
    assert model.notes == []


def test_copies_are_recognized_and_noted(tmp_path: Path) -> None:
    model = trained_on(tmp_path, pd.concat([patients(dataset.whole())] * 4))
    assert model.holdout_rows_seen == 89
    (note,) = model.notes
    assert "of its 354 held-out rows have the features of a row that it was trained on, so" in note
    assert note.endswith("so its RMSE and MAE include rows that it had seen")


def test_the_built_in_data_set_and_other_columns_are_as_before(tmp_path: Path) -> None:
    request = TrainingRequest(
        job_id="j", model_id="built-in", dataset_id="diabetes", features=NAMES, target="target",
        algorithm="linear",
    )  # fmt: skip
    store = ModelStore(str(tmp_path))
    assert train_and_store(request, store, Path("none"), lambda _: None).holdout_rows_seen == 0
    other = trained_on(tmp_path, patients(dataset.whole()), ["bmi", "age"])
    assert other.holdout_rows_seen is None
    assert store.model("m") == other


@pytest.mark.parametrize("digits", [2, 3, 4, 6, 17])
@pytest.mark.parametrize("order", [NAMES, NAMES[::-1]])
def test_rounding_order_and_labels_do_not_hide_them(digits: int, order: list[str]) -> None:
    features = np.round(dataset.holdout().features, digits)[::-3]
    columns = [NAMES.index(name) for name in order]
    assert seen_of(order, features[:, columns]) == len(features) == 30


@pytest.mark.parametrize("digits", [1, 2, 17])
@pytest.mark.parametrize("order", [NAMES, NAMES[::-1]])
def test_those_in_clinical_units_are_found_as_well(digits: int, order: list[str]) -> None:
    features = np.round(dataset.clinical_holdout().features, digits)[::-3]
    columns = [NAMES.index(name) for name in order]
    mixed = np.concatenate([features[:10], dataset.holdout().features[::-3][10:]])
    for rows in (features, mixed):
        assert seen_of(order, rows[:, columns]) == len(rows) == 30


@pytest.mark.parametrize("digits", [2, 4, 17])
def test_other_patients_are_not_taken_for_them(digits: int) -> None:
    assert seen_of(NAMES, np.round(dataset.training().features, digits)) == 0


@pytest.mark.parametrize("digits", [1, 17])
def test_other_patients_in_clinical_units_are_not_either(digits: int) -> None:
    everyone, held_out = dataset.clinical().features, dataset.clinical_holdout().features
    is_held_out = (everyone[:, None] == held_out).all(axis=2).any(axis=1)
    others = np.round(everyone[~is_held_out], digits)
    assert seen_of(NAMES, others) == 0
    assert len(others) == 353


def test_what_is_too_large_to_be_a_patient_is_none() -> None:
    assert seen_of(NAMES, np.full((20, 10), -1e308)) == 0


def test_of_fewer_columns_it_is_known_only_that_none_is_there() -> None:
    """Rows that look the same in some columns may be others."""
    features = dataset.training().features
    assert seen_of(["sex", "bmi"], features[:, [1, 2]]) is None
    assert seen_of(["sex", "bmi"], features[:, [1, 2]] + 9) == 0
    assert PATIENTS.schema.names[1:3] == ["sex", "bmi"]


def test_rows_of_any_table_are_found_by_their_values(tmp_path: Path) -> None:
    """In a file of the store that has them in another order, with other labels, and some twice."""
    folder = tmp_path / "datasets"
    write_data_set(folder, houses())
    values, _ = data_sets.load("houses", folder).rows.holdout()
    lines = ["remarks,town,area,rooms,price"]
    for row in [*values[:30], *values[:5], *houses(40, seed=5)]:
        rooms, area, town, remarks = ("" if each is None else each for each in row[:4])
        lines.append(f'"{remarks}",{town},{area},{rooms},1')
    (tmp_path / "models" / "datasets").mkdir(parents=True)
    (tmp_path / "models" / "datasets" / "own.csv").write_text("\n".join(lines))
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="own", features=["area", "rooms", "remarks", "town"],
        target="price", algorithm="ridge", data_set="houses",
    )  # fmt: skip
    store = ModelStore(str(tmp_path / "models"))
    model = train_and_store(request, store, folder, lambda _: None)
    assert model.holdout_rows_seen is not None
    assert 20 <= model.holdout_rows_seen <= 30
    assert (model.data_set, model.dataset_id) == ("houses", "own")
    schema = data_sets.load_schema("houses", folder)
    assert model.rows_sha256 == schema.rows_sha256 != ""
