"""Trains the default model on 80 % of the data set, stores it, and tells its error on the rest.

With --onnx it is also stored as ONNX, beside the other, if that predicts the same on all rows.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
import skops.io
from sklearn.linear_model import RidgeCV
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from model import ModelSettings
from pipeline import dataset
from pipeline.errors import PipelineError
from pipeline.models import fingerprint, onnx_export

ALPHAS = (0.1, 1.0, 10.0, 100.0)


def train() -> Pipeline:
    """A ridge regression with its scaling inside; the penalty is chosen by cross-validation."""
    data = dataset.training()
    return make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(data.features, data.labels)


def main(path: Path, onnx: bool = False) -> None:
    """Writes `path`; with `onnx`, or if that is what `path` names, also the same as .onnx.

    Raises ModelError, with no ONNX file written, if that would not predict the same.
    """
    model, skops_path = train(), path
    if path.suffix == ".onnx":
        onnx, skops_path = True, path.with_suffix(".skops")
    held_out = dataset.holdout()
    predictions = model.predict(held_out.features)
    mae = mean_absolute_error(held_out.labels, predictions)
    rmse = root_mean_squared_error(held_out.labels, predictions)
    store(skops.io.dumps(model), skops_path)
    text = f"MAE {mae:.1f}, RMSE {rmse:.1f} on {len(held_out.labels)} held-out rows"
    print(f"{skops_path.name}: {text}")
    if onnx:
        store_onnx(model, path.with_suffix(".onnx"))


def store_onnx(model: Pipeline, path: Path) -> None:
    rows = np.concatenate([dataset.training().features, dataset.holdout().features])
    content, difference = onnx_export.export(model, rows)
    store(content, path)
    print(f"{path.name}: differs from scikit-learn by {difference:.2g} at most on {len(rows)} rows")


def store(content: bytes, path: Path) -> None:
    """A reader finds the old model or the new one; between the two, one that is refused."""
    record = fingerprint.record(content, path.name).encode()
    for target, data in ((fingerprint.record_path(path), record), (path, content)):
        temporary = target.with_name(f"{target.name}.tmp")
        temporary.write_bytes(data)
        temporary.replace(target)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Trains the default model, and stores it.")
    parser.add_argument("--onnx", action="store_true", help="store it as ONNX, too")
    try:
        main(ModelSettings.from_environment().model_path, parser.parse_args().onnx)
    except PipelineError as error:
        sys.exit(str(error))
