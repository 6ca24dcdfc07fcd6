"""Training the default model: whichever regressor stands in train.py, it is stored and loaded."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import RandomForestRegressor, StackingRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel
from sklearn.linear_model import LinearRegression, Ridge, TweedieRegressor
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor, RadiusNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

import train
from pipeline.errors import ModelError
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import Model
from support.service import ROOT

ESTIMATORS: list[Any] = [
    RandomForestRegressor(5),
    make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0)),
    StackingRegressor([("a", Ridge()), ("b", LinearRegression())], cv=2),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2),
    GaussianProcessRegressor(Matern() + WhiteKernel(), optimizer=None),
    KNeighborsRegressor(algorithm="ball_tree", p=1),
    DummyRegressor(),
    SVR(),
    MLPRegressor(solver="sgd", learning_rate_init=1e-5, max_iter=5),
    TweedieRegressor(power=1.5),
]


def trained(estimator: Any, monkeypatch: pytest.MonkeyPatch, path: Path) -> Model:
    """What is known of it, once it was stored and loaded again."""
    monkeypatch.setattr(train, "estimator", lambda: estimator)
    train.main(path)
    assert isinstance(Predictor.load(path).predict([[0.0] * 10])[0], float)
    return msgspec.json.decode(path.with_name("model.json").read_bytes(), type=Model)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda each: repr(each)[:40])
def test_any_regressor_can_stand_in_train(
    estimator: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    record = trained(estimator, monkeypatch, tmp_path / "model.skops")
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    assert record.algorithm == type(last).__name__
    assert record.params.keys() == last.get_params(deep=False).keys()
    assert record.notes[0].startswith("the default model: ")


def test_the_line_of_the_estimator_is_all_that_is_edited(tmp_path: Path) -> None:
    source = (ROOT / "model" / "src" / "train.py").read_text()
    edited = re.sub(r"RidgeCV\(.*\)\)", "RandomForestRegressor(5))", source)
    source = edited.replace("linear_model import RidgeCV", "ensemble import RandomForestRegressor")
    (tmp_path / "train.py").write_text(source)
    path = os.pathsep.join([str(ROOT / "model" / "src"), *sys.path])
    done = subprocess.run(
        [sys.executable, tmp_path / "train.py", "--onnx"],
        env=os.environ | {"PYTHONPATH": path, "MODEL_PATH": str(tmp_path / "model.skops")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "model.onnx: differs from scikit-learn by" in done.stdout


def test_what_model_would_refuse_is_not_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=r"does not predict one number from 10 .*: .* nan"):
        trained(RadiusNeighborsRegressor(radius=1e-9), monkeypatch, tmp_path / "model.skops")
    assert not [*tmp_path.iterdir()]
