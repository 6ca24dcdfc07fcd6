"""Algorithms: what may be asked of them, and that fitting in steps makes the same model."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestRegressor

from algorithms import PARAMS, fit, params_of
from pipeline import dataset
from pipeline.dataset import Dataset
from pipeline.model_store import skops_model
from pipeline.model_store.metrics import metrics_of
from pipeline.model_store.records import ONNX, SKOPS
from pipeline.training import ALGORITHMS, TrainingError
from train_model import files_of

SEEN, HELD_OUT = dataset.training(), dataset.holdout()


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
    in_steps = fit(params_of(algorithm, params), SEEN, told.append)
    rows = HELD_OUT.features
    assert (in_steps.predict(rows) == at_once.fit(*SEEN).predict(rows)).all()
    assert len(told) == 20
    assert told == sorted(told)
    assert told[-1] == 100
    again = fit(params_of(algorithm, params), SEEN, told.append)
    assert (
        skops.io.loads(skops.io.dumps(again), trusted=skops_model.TRUSTED_TYPES).get_params()
        == at_once.set_params(**again.get_params()).get_params()
    )


def test_all_algorithms_that_a_request_may_name_are_there() -> None:
    assert tuple(PARAMS) == ALGORITHMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_model_can_be_stored(algorithm: str) -> None:
    """Also of another number of columns than the wire has."""
    few = Dataset(SEEN.features[:, :3], SEEN.labels)
    estimator = fit(params_of(algorithm, {}), few, lambda _: None)
    rows = HELD_OUT.features[:, :3]
    files, notes = files_of(estimator, rows)
    loaded = skops_model.load(files[SKOPS], Path(SKOPS))
    assert (loaded.predict(rows) == estimator.predict(rows)).all()
    assert [note.startswith("no model.onnx: ") for note in notes] == [True] * (ONNX not in files)
    metrics = metrics_of(HELD_OUT.labels, estimator.predict(rows), len(few.labels))
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
    ],
)
def test_what_is_not_accepted_is_told(algorithm: str, params: dict[str, Any], reason: str) -> None:
    with pytest.raises(TrainingError) as error:
        params_of(algorithm, params)
    assert reason in str(error.value)
