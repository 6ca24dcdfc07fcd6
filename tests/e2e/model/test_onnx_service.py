"""`model` as a process, with an ONNX file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import train
from pipeline import dataset
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually


def test_it_answers_as_scikit_learn_would(
    start: Callable[..., Service], vhost: Vhost, tmp_path: Path
) -> None:
    train.main(tmp_path / "model.skops", onnx=True)
    model = start("model", model_path=tmp_path / "model.onnx")
    eventually(model.is_up, "the model, and with it all queues")
    rows = dataset.holdout().features[:3]
    ids = ["a", "b", "c"]
    vhost.put("features", json.dumps({"id": ids, "body": rows.tolist()}).encode())
    _, body = vhost.wait_for("y_pred")
    answer = json.loads(body)
    assert answer["id"] == ids
    assert answer["body"] == pytest.approx(train.train().predict(rows).tolist(), abs=1e-12)
    assert model.stop() == 0


def test_a_file_that_is_none_ends_it_with_a_reason(
    start: Callable[..., Service], tmp_path: Path
) -> None:
    train.store(b"<html>", tmp_path / "page.onnx")
    model = start("model", model_path=tmp_path / "page.onnx")
    assert model.wait() == 1
    assert "page.onnx is not an ONNX model that can be run" in model.log()
