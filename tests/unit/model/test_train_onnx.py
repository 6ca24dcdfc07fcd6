"""Training stores the model as ONNX too, if that predicts as scikit-learn does."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.cluster import SpectralClustering
from sklearn.ensemble import RandomForestRegressor, StackingRegressor
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import train
from pipeline import dataset
from pipeline.errors import ModelError
from pipeline.model_store import onnx_export
from pipeline.model_store.predictor import Predictor
from support.service import ROOT

HOLDOUT = dataset.holdout().features


def test_training_stores_it_too_and_says_how_far_it_is_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train.main(tmp_path / "model.skops", onnx=True)
    said, _, _ = capsys.readouterr().out.partition("e-14 at most on 442 rows")
    assert "model.onnx: differs from scikit-learn by " in said
    names = {"model.skops", "model.onnx"}
    assert {path.name for path in tmp_path.iterdir()} == names | {"model.json"} | {
        f"{n}.sha256" for n in names
    }
    subprocess.run(["sha256sum", "--check", "model.onnx.sha256"], cwd=tmp_path, check=True)


def test_a_path_that_ends_in_onnx_asks_for_both(tmp_path: Path) -> None:
    train.main(tmp_path / "model.skops", onnx=True)
    train.main(tmp_path / "again.onnx")
    assert (tmp_path / "again.skops").exists()
    same = (tmp_path / "model.onnx").read_bytes()  # the same model is the same file
    assert (tmp_path / "again.onnx").read_bytes() == same


FOREST = RandomForestRegressor(20, random_state=0)


@pytest.mark.parametrize(
    "estimator",
    [
        FOREST,
        KNeighborsRegressor(),
        make_pipeline(StandardScaler(), FOREST),  # its rows are rounded after the scaling
        make_pipeline(StandardScaler(), StackingRegressor([("a", Ridge()), ("b", FOREST)], cv=2)),
    ],
    ids=["forest", "neighbours", "scaled forest", "stacked"],
)
def test_other_models_are_within_the_bound(estimator: Any, tmp_path: Path) -> None:
    data = dataset.training()
    estimator.fit(data.features, data.labels)
    content, difference = onnx_export.export(estimator, data.features)
    assert difference < 0.001
    train.store(content, tmp_path / "model.onnx")
    outcomes = Predictor.load(tmp_path / "model.onnx").predict(HOLDOUT.tolist())
    assert outcomes == pytest.approx(estimator.predict(HOLDOUT).tolist(), abs=0.001)


def off_by(difference: float) -> Any:
    model = train.train()
    right = model.predict
    model.predict = lambda rows: right(rows) + difference
    return model


@pytest.mark.parametrize("difference", [0.002, np.nan])
def test_what_predicts_otherwise_is_no_onnx_file(difference: float) -> None:
    onnx_export.export(off_by(0.0005), HOLDOUT)
    with pytest.raises(ModelError, match=r"by up to (0.002|nan) on 89 rows, and"):
        onnx_export.export(off_by(difference), HOLDOUT)


def test_the_limit_is_of_the_range_of_the_labels_and_never_below_what_floats_can_tell() -> None:
    assert onnx_export.max_difference([25, 346]) == pytest.approx(0.001)
    assert onnx_export.max_difference([0, 3_210_000]) == pytest.approx(10)
    labels = np.full(len(HOLDOUT), 5_000_000.1)
    forest = RandomForestRegressor(3).fit(HOLDOUT, labels)  # in ONNX its values are floats
    onnx_export.export(forest, HOLDOUT, onnx_export.max_difference(labels))


def test_training_writes_no_file_that_predicts_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_export, "parity", lambda *_: 0.002)
    with pytest.raises(ModelError, match="it would differ from scikit-learn by up to"):
        train.main(tmp_path / "model.skops", onnx=True)
    assert {path.name for path in tmp_path.iterdir()} == {
        "model.skops",
        "model.skops.sha256",
        "model.json",
    }


def test_what_has_no_onnx_form_is_explained() -> None:
    with pytest.raises(ModelError, match="SpectralClustering has no ONNX form: "):
        [*onnx_export.converted(SpectralClustering(), 10)]


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    (tmp_path / "skl2onnx.py").write_text("raise ImportError('not here')")
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, ROOT / "model" / "src" / "train.py", "--onnx"],
        env=os.environ | {"PYTHONPATH": path, "MODEL_PATH": str(tmp_path / "model.skops")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("writing ONNX needs skl2onnx (not here): `.venv/bin/pip install")
    assert not [*tmp_path.glob("*.onnx*")]
