"""A model from its request to the store: what cannot be made is refused, and leaves nothing."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestRegressor

import train_model
from pipeline.errors import ModelError
from pipeline.model_store.store import ModelStore
from pipeline.training import ALGORITHMS_OF, TrainingError, TrainingRequest
from support.tables import houses, write_data_set
from train_model import files_of, train_and_store


def trained_on(store: ModelStore, csv: str, algorithm: str) -> None:
    folder = Path(store.url, "datasets")
    folder.mkdir(exist_ok=True)
    (folder / "own.csv").write_text(csv)
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="own", features=["a", "b"], target="y",
        algorithm=algorithm,
    )  # fmt: skip
    train_and_store(request, store, Path("none"), lambda _: None)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that are too large
@pytest.mark.parametrize(
    ("algorithm", "scale"),
    [*((each, 1e200) for each in ALGORITHMS_OF["regression"]), ("ridge", 1e-300)],
)
def test_numbers_that_cannot_be_computed_with_leave_no_record(
    tmp_path: Path, algorithm: str, scale: float
) -> None:
    """An error that is infinite would be a null in model.json, and no list of models be read."""
    store = ModelStore(str(tmp_path))
    rows = np.random.default_rng(0).normal(size=(60, 3)) * [1 / scale, 1 / scale, scale]
    csv = "a,b,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())
    with pytest.raises(
        TrainingError, match=f"{algorithm} cannot be trained on data set 'own': "
    ) as e:
        trained_on(store, csv, algorithm)
    assert "\n" not in str(e.value)
    assert store.models() == []


def test_a_model_that_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_model, "MAX_MODEL_BYTES", 100)
    with pytest.raises(ModelError, match=r"a model of .* bytes is too large, the most is 100"):
        files_of(np.zeros(3), np.zeros((1, 10)))
    forest = RandomForestRegressor(1).fit([[0.0], [1.0]], [0.0, 1.0])
    with pytest.raises(
        ModelError, match=r"the most is 100: fewer trees \(n_estimators\), or larger"
    ):
        files_of(forest, np.zeros((1, 1)))


def test_a_table_without_a_hold_out_is_trained_and_says_so(tmp_path: Path) -> None:
    rows = [["2026-01-01", *row] for row in houses(60)]
    write_data_set(tmp_path / "datasets", rows, split="time", split_column="day")
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="houses", features=["rooms"], target="price",
        algorithm="ridge", data_set="houses",
    )  # fmt: skip
    store = ModelStore(str(tmp_path))
    model = train_and_store(request, store, tmp_path / "datasets", lambda _: None)
    assert model.metrics is None
    assert model.notes == ["it is not known how good it is: no row is held out"]


def test_a_fit_that_was_ended_early_is_noted(tmp_path: Path) -> None:
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="iris", features=["petal_width", "sepal_width"],
        target="species", algorithm="logistic", params={"max_iter": 2}, data_set="iris",
    )  # fmt: skip
    model = train_and_store(request, ModelStore(str(tmp_path)), tmp_path, lambda _: None)
    assert model.notes[0] == "its fit was ended by max_iter=2: a higher one may be better"
    assert model.metrics is not None
    assert model.metrics.log_loss is not None
