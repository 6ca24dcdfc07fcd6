"""A stored model told to MLflow: here to its file store, which needs no server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.model_store.records import Metrics, Model
from pipeline.model_store.store import ModelStore
from support.service import ROOT

MODEL = Model(
    model_id="ridge-1", dataset_id="diabetes", features=["age", "bmi"], target="target",
    algorithm="ridge", params={"alpha": 10.0}, metrics=Metrics(60.5, 50.25, 353, 89),
    versions={"scikit-learn": "1.9.1"}, created_at="2026-01-02T03:04:05.678Z", seconds=1.5,
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    store = ModelStore(str(tmp_path / "models"))
    store.add(MODEL, {"model.skops": b"skops", "model.onnx": b"onnx"})
    return store


def export(store: ModelStore, model_id: str, **environment: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, ROOT / "trainer" / "src" / "mlflow_export.py", model_id],
        env=os.environ | {"MODEL_STORE": store.url} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_run_has_what_the_store_has(store: ModelStore, tmp_path: Path) -> None:
    uri = (tmp_path / "mlruns").as_uri()
    tracking = {"MLFLOW_TRACKING_URI": uri, "MLFLOW_ALLOW_FILE_STORE": "true"}
    status, said, log = export(store, "ridge-1", **tracking)
    assert status == 0, log
    assert export(store, "ridge-1", **tracking) == (status, said, log), "it is the same run"
    (run,) = (path.parent for path in (tmp_path / "mlruns").glob("*/*/artifacts"))
    assert said == f"ridge-1 is run {run.name} of MLflow\n"
    assert (run / "params" / "alpha").read_text() == "10.0"
    assert (run / "params" / "features").read_text() == "age,bmi"
    assert (run / "metrics" / "rmse").read_text().splitlines()[0] == "1767323045678 60.5 0"
    assert (run / "tags" / "scikit-learn").read_text() == "1.9.1"
    assert (run / "tags" / "model_id").read_text() == "ridge-1"
    assert (run / "tags" / "data_set").read_text() == "diabetes"
    files = {path.name: path.read_bytes() for path in (run / "artifacts").iterdir()}
    assert files.keys() == {"model.skops", "model.onnx", "model.json"}
    assert files["model.skops"] == b"skops"


@pytest.mark.parametrize(
    ("model_id", "environment", "reason"),
    [
        ("lost", {"MLFLOW_TRACKING_URI": "file:mlruns"}, "there is no model 'lost' in "),
        ("ridge-1", {}, "MLFLOW_TRACKING_URI is not set"),
    ],
)
def test_what_fails_ends_with_a_sentence(
    store: ModelStore, model_id: str, environment: dict[str, str], reason: str
) -> None:
    status, _, log = export(store, model_id, **environment)
    assert status == 1
    assert log.splitlines()[-1].startswith(reason)
    assert "Traceback" not in log
