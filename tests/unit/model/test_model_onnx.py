"""A model stored as ONNX is loaded and predicts, or is refused with a reason."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper
from onnx.external_data_helper import set_external_data

import train
from pipeline import dataset
from pipeline.errors import ModelError
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor

HOLDOUT = dataset.holdout().features
ANY_ROWS: list[Any] = [None, 10]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where training has stored the default model in both forms."""
    path = tmp_path_factory.mktemp("onnx")
    train.main(path / "model.skops", onnx=True)
    return path


def hand_made(
    taken: list[Any] = ANY_ROWS, kind: int = onnx.TensorProto.DOUBLE, outputs: int = 1
) -> onnx.ModelProto:
    """Sums each row, as many times as there are outputs."""
    names = [f"sum-{number}" for number in range(outputs)]
    ones = numpy_helper.from_array(
        np.ones((taken[-1], 1), helper.tensor_dtype_to_np_dtype(kind)), "ones"
    )
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["rows", "ones"], [name]) for name in names],
        "sums",
        [helper.make_tensor_value_info("rows", kind, taken)],
        [helper.make_tensor_value_info(name, kind, None) for name in names],
        [ones],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)


def load(model: onnx.ModelProto, folder: Path) -> Predictor:
    train.store(model.SerializeToString(), folder / "own.onnx")
    return Predictor.load(folder / "own.onnx")


def fresh_python(
    code: str, first: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs the code; what it imports is looked for in the folder `first`, before all others."""
    path = os.pathsep.join([*([str(first)] if first else []), *sys.path])
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_predicts_the_same(folder: Path) -> None:
    skops, onnx_ = (Predictor.load(folder / f"model.{end}") for end in ("skops", "onnx"))
    for rows in (HOLDOUT.tolist(), HOLDOUT[:1].tolist()):
        assert onnx_.predict(rows) == pytest.approx(skops.predict(rows), abs=1e-12)


def test_the_id_of_a_model_is_that_of_its_file(folder: Path) -> None:
    for name in ("model.skops", "model.onnx"):
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        assert Predictor.load(folder / name).model_id == digest[:12]
    assert Predictor(object()).model_id == ""


def test_a_file_that_training_did_not_leave_is_refused(folder: Path, tmp_path: Path) -> None:
    trained, path = (folder / "model.onnx").read_bytes(), tmp_path / "model.onnx"
    path.write_bytes(trained)
    with pytest.raises(ModelError, match="has no SHA-256 at"):
        Predictor.load(path)
    train.store(trained, path)
    path.write_bytes(trained[:-1] + bytes([trained[-1] ^ 1]))
    with pytest.raises(ModelError, match="is not the file that was trained: its SHA-256"):
        Predictor.load(path)


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 a skops file"])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    train.store(content, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="is not an ONNX model that can be run"):
        Predictor.load(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (hand_made([None, 3]), r"takes shape \[None, 3\], not any number of rows of 10"),
        (hand_made([10]), r"takes shape \[10\], not any number of rows of 10"),
        (hand_made([1, 10]), "takes exactly 1 rows at a time: store it with a first dimension"),
        (hand_made(kind=onnx.TensorProto.INT64), r"takes tensor\(int64\): its input must be"),
        (hand_made(outputs=2), "has 1 inputs and 2 outputs, not one of each"),
    ],
)
def test_a_model_of_another_shape_is_refused(
    tmp_path: Path, model: onnx.ModelProto, reason: str
) -> None:
    with pytest.raises(ModelError, match=reason):
        load(model, tmp_path)


def test_weights_in_another_file_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = hand_made()
    (weights,) = model.graph.initializer
    (tmp_path / "weights").write_bytes(weights.raw_data)
    set_external_data(weights, "weights")
    weights.ClearField("raw_data")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="External data"):
        load(model, tmp_path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model at .*train.py --onnx` writes one"):
        Predictor.load(tmp_path / "model.onnx")


def test_a_row_beyond_floats_is_put_aside_alone(tmp_path: Path) -> None:
    predictor = load(hand_made(kind=onnx.TensorProto.FLOAT), tmp_path)
    outcomes = predictor.predict([[1.0] * 10, [1e50] * 10, [1e38] * 10, [0.5] * 10])
    assert outcomes == [
        10.0,
        Failed("the model failed on this row: a feature is too large for float32"),
        Failed("the prediction is not a finite number: inf"),
        5.0,
    ]


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "onnxruntime.py").write_text("raise ImportError('not here')")
    load_it = (
        "import pathlib; from pipeline.model_store.predictor import Predictor; "
        f"Predictor.load(pathlib.Path({str(folder)!r})"
    )
    done = fresh_python(f"{load_it} / 'model.onnx')", first=tmp_path)
    assert "needs ONNX Runtime (not here): `.venv/bin/pip install" in done.stderr
    assert "MODEL_EXTRA=onnx MODEL_PATH=model/model.onnx docker compose up" in done.stderr
    assert fresh_python(f"{load_it} / 'model.skops')", first=tmp_path).returncode == 0


def test_it_is_run_without_scikit_learn_and_nobody_is_told(folder: Path, tmp_path: Path) -> None:
    done = fresh_python(
        "import pathlib, sys\n"
        "from pipeline.model_store.predictor import Predictor\n"
        f"Predictor.load(pathlib.Path({str(folder / 'model.onnx')!r}))\n"
        "print([name for name in ('onnxruntime', 'sklearn', 'skops') if name in sys.modules])",
        HOME=str(tmp_path),
        XDG_CACHE_HOME="",
    )
    assert (done.stdout, done.stderr) == ("['onnxruntime']\n", "")
    assert not [*tmp_path.iterdir()]  # its telemetry would leave the id of the device here
