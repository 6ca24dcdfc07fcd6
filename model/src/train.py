"""Trains the default model on 80 % of the data set, stores it, and prints its error on the rest.

With --onnx it is also stored as ONNX, beside the first file, if that predicts the same on all rows.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model import ModelSettings
from pipeline import dataset
from pipeline.atomic_file import replace_file
from pipeline.clock import now_text
from pipeline.errors import PipelineError
from pipeline.model_store import fingerprint, onnx_export
from pipeline.model_store.metrics import metrics_of
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import ONNX, RECORD, SKOPS, Metrics, Model, StoredFile
from pipeline.model_store.versions import made_as, versions
from pipeline.table import built_in


def estimator() -> Any:
    """Returns the model before training: any regressor of scikit-learn may stand here.

    Ours is a ridge regression with its scaling inside; cross-validation chooses the penalty.
    """
    return make_pipeline(StandardScaler(), RidgeCV(alphas=(0.1, 1.0, 10.0, 100.0)))


def train() -> Any:
    """Returns the model, fitted to the rows that the stream does not use."""
    data = dataset.training()
    return estimator().fit(data.features, data.labels)


def main(path: Path, onnx: bool = False) -> None:
    """Writes `path`; with `onnx`, or if `path` names an .onnx file, also the same model as ONNX.

    A model.json beside them describes the files. Raises ModelError, with nothing written, if
    `model` would refuse the file; and, with no ONNX file written, if that file would predict
    differently.
    """
    model, skops_path = train(), path
    if path.suffix == ".onnx":
        onnx, skops_path = True, path.with_suffix(".skops")
    files = {SKOPS: skops.io.dumps(model)}
    Predictor.of(files[SKOPS], skops_path, fingerprint.model_id(files[SKOPS]))
    metrics = errors_of(model)
    store(files[SKOPS], skops_path)
    store_record(model, metrics, files, path.with_name(RECORD))
    text = f"MAE {metrics.mae:.1f}, RMSE {metrics.rmse:.1f} on {metrics.held_out_rows}"
    print(f"{skops_path.name}: {text} held-out rows")
    if onnx:
        files[ONNX] = store_onnx(model, path.with_suffix(".onnx"))
        store_record(model, metrics, files, path.with_name(RECORD))


def errors_of(model: Any) -> Metrics:
    held_out = dataset.holdout()
    predictions = model.predict(held_out.features)
    return metrics_of(held_out.labels, predictions, dataset.training().labels)


def store_onnx(model: Any, path: Path) -> bytes:
    rows = np.concatenate([dataset.training().features, dataset.holdout().features])
    content, difference = onnx_export.export(model, rows)
    store(content, path)
    print(f"{path.name}: differs from scikit-learn by {difference:.2g} at most on {len(rows)} rows")
    return content


def store_record(model: Any, metrics: Metrics, files: dict[str, bytes], path: Path) -> None:
    """Writes the model's record beside its files; `model` puts it into the store later."""
    record = Model(
        model_id=fingerprint.model_id(files[SKOPS]),
        dataset_id=dataset.NAME,
        features=built_in.default().names,
        target="target",
        **made_as(model),
        metrics=metrics,
        holdout_rows_seen=0,
        versions=versions(),
        created_at=now_text(),
        notes=[f"the default model: {' '.join(repr(model).split())}"],
        files={name: StoredFile.of(content) for name, content in files.items()},
    )
    replace_file(path, record.to_json())


def store(content: bytes, path: Path) -> None:
    """Writes the file: a reader finds the old model, the new one, or in between one to refuse."""
    record = fingerprint.record(content, path.name).encode()
    for target, data in ((fingerprint.record_path(path), record), (path, content)):
        replace_file(target, data)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Trains the default model, and stores it.")
    parser.add_argument("--onnx", action="store_true", help="store it as ONNX, too")
    try:
        main(ModelSettings.from_environment().model_path, parser.parse_args().onnx)
    except PipelineError as error:
        sys.exit(str(error))
