"""Algorithms: what may be asked of them, and that fitting in steps makes the same model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from msgspec.structs import replace
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from algorithms import PARAMS, Tell, fit, params_of
from pipeline import dataset
from pipeline.dataset import Dataset
from pipeline.model_store import skops_model
from pipeline.model_store.metrics import metrics_of
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import ONNX, SKOPS
from pipeline.table.matrix import matrix
from pipeline.table.schema import Number, Target, Task
from pipeline.training import ALGORITHMS, ALGORITHMS_OF, TrainingError
from support.schemas import DIABETES
from support.tables import HOUSES, houses
from train_model import files_of

OF_KINDS = replace(
    HOUSES, task="classification", target=Target("kind", classes=["low", "middle", "high"])
)
SEEN, HELD_OUT = dataset.training(), dataset.holdout()


def fitted(
    algorithm: str, params: dict[str, Any], rows: Dataset, tell: Tell = lambda _: None
) -> Any:
    columns = [Number(name) for name in DIABETES.names[: rows.features.shape[1]]]
    return fit("regression", params_of("regression", algorithm, params), columns, rows, tell)


@pytest.mark.parametrize(
    ("algorithm", "params", "at_once"),
    [
        ("random_forest", {"n_estimators": 33}, RandomForestRegressor(33, random_state=0)),
        (
            "hist_gradient_boosting",
            {"max_iter": 33, "random_state": 5},
            HistGradientBoostingRegressor(max_iter=33, random_state=5),
        ),
    ],
)
def test_steps_make_the_model_of_one_fit(
    algorithm: str, params: dict[str, Any], at_once: Any
) -> None:
    told: list[float] = []
    in_steps = fitted(algorithm, params, SEEN, told.append)
    rows = HELD_OUT.features
    assert (in_steps.predict(rows) == at_once.fit(*SEEN).predict(rows)).all()
    assert len(told) == 20
    assert told == sorted(told)
    assert told[-1] == 100
    again = fitted(algorithm, params, SEEN, told.append)
    assert (
        skops.io.loads(skops.io.dumps(again), trusted=skops_model.TRUSTED_TYPES).get_params()
        == at_once.set_params(**again.get_params()).get_params()
    )


def test_all_algorithms_that_a_request_may_name_are_there() -> None:
    assert [*PARAMS] == [(task, name) for task, names in ALGORITHMS_OF.items() for name in names]
    assert {name for _, name in PARAMS} == {*ALGORITHMS}


@pytest.mark.parametrize("algorithm", ALGORITHMS_OF["regression"])
def test_each_model_can_be_stored(algorithm: str) -> None:
    """Also of another number of columns than the wire has."""
    few = Dataset(SEEN.features[:, :3], SEEN.labels)
    estimator = fitted(algorithm, {}, few)
    rows = HELD_OUT.features[:, :3]
    files, notes = files_of(estimator, rows)
    loaded = skops_model.load(files[SKOPS], Path(SKOPS))
    assert (loaded.predict(rows) == estimator.predict(rows)).all()
    assert [note.startswith("no model.onnx: ") for note in notes] == [True] * (ONNX not in files)
    metrics = metrics_of(HELD_OUT.labels, estimator.predict(rows), few.labels)
    assert metrics.mae == pytest.approx(np.abs(loaded.predict(rows) - HELD_OUT.labels).mean())
    assert (metrics.training_rows, metrics.held_out_rows) == (353, 89)


@pytest.mark.parametrize(
    ("algorithm", "params", "reason"),
    [
        ("svm", {}, "there is linear, ridge, random_forest, hist_gradient_boosting"),
        ("linear", {"alpha": 1}, "it has none"),
        ("ridge", {"alpha": "1"}, "Expected `float`, got `str` - at `$.alpha`; it has alpha"),
        ("random_forest", {"n_estimators": 10**9}, "Expected `int` <= 500"),
        ("random_forest", {"n_jobs": -1}, "unknown field `n_jobs`"),
        ("hist_gradient_boosting", {"learning_rate": float("nan")}, "learning_rate"),
        ("logistic", {}, "there is no algorithm 'logistic' for regression: there is linear, ridge"),
    ],
)
def test_what_is_not_accepted_is_told(algorithm: str, params: dict[str, Any], reason: str) -> None:
    with pytest.raises(TrainingError) as error:
        params_of("regression", algorithm, params)
    assert reason in str(error.value)


MIXED = matrix(
    [
        [each if each != "" or index > 1 else None for index, each in enumerate(row[:-1])]
        for row in houses(120)
    ],
    HOUSES.columns,
)
PRICES = np.array([float(row[-1]) for row in houses(120)])
KINDS = np.array(["low", "middle", "high"])[np.searchsorted([300_000, 500_000], PRICES)]


@pytest.mark.parametrize(("task", "algorithm"), [*PARAMS])
def test_each_takes_categories_and_text_and_what_is_missing(task: Task, algorithm: str) -> None:
    few = {"random_forest": {"n_estimators": 5}, "hist_gradient_boosting": {"max_iter": 5}}
    told: list[float] = []
    labels = PRICES if task == "regression" else KINDS
    params = params_of(task, algorithm, few.get(algorithm, {}))
    estimator = fit(task, params, HOUSES.columns, (MIXED[:100], labels[:100]), told.append)
    assert told == ([20, 40, 60, 80, 100] if algorithm in few else [])
    files, notes = files_of(estimator, MIXED)
    assert [*files] == [SKOPS]
    assert notes == ["no model.onnx: it takes categories or text, and model.onnx numbers alone"]
    taken = ModelInput(HOUSES if task == "regression" else OF_KINDS)
    predictor = Predictor.of(files[SKOPS], Path(SKOPS), "m", taken)
    unknown = [[3, None, "Atlantis", "never seen before"], [None, 60.0, "", ""]]
    rows = [*MIXED[100:].tolist(), *unknown]
    outcomes = predictor.predict(rows)
    assert isinstance(outcomes[-1], Failed), "rooms may not be missing"
    good = outcomes[:-1]
    array = matrix(rows[:-1], HOUSES.columns)
    if task == "regression":
        assert good == estimator.predict(array).tolist()
        errors = np.abs(np.array(good[:20]) - labels[100:])
        assert errors.mean() < np.abs(labels - labels.mean()).mean()
    else:
        shares = [[each[name] for name in estimator.classes_] for each in good]  # type: ignore[index]
        assert shares == estimator.predict_proba(array).tolist()
        best = estimator.classes_[np.argmax(shares[:20], axis=1)]
        assert (best == labels[100:]).mean() > 0.5
