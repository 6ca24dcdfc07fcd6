"""One training from its request to a stored model, stage by stage."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import skops.io

import algorithms
import data_sets
import holdout_overlap
from pipeline.clock import now_text
from pipeline.dataset import Dataset
from pipeline.decode_errors import too_large
from pipeline.errors import ModelError
from pipeline.model_store import onnx_export, skops_model
from pipeline.model_store.metrics import metrics_of
from pipeline.model_store.records import MAX_MODEL_BYTES, ONNX, SKOPS, Model
from pipeline.model_store.store import ModelStore
from pipeline.model_store.versions import versions
from pipeline.training import Progress, TrainingError, TrainingRequest

Tell = Callable[[Progress], None]


def train_and_store(request: TrainingRequest, store: ModelStore, tell: Tell) -> Model:
    """Trains and stores a model, and returns it as it is in the store; `tell` hears of each stage.

    Raises TrainingError if it can never be made, ModelError if it cannot be stored as skops, and
    ModelStoreError if the store cannot be reached.
    """
    started = time.monotonic()
    params = algorithms.params_of(request.algorithm, request.params)
    tell(Progress("load"))
    frame = data_sets.load(store, request)
    tell(Progress("split"))
    training, held_out = data_sets.split(request.dataset_id, frame)
    with _refusals_told(request):
        tell(Progress("fit"))
        estimator = algorithms.fit(params, training, lambda percent: tell(Progress("fit", percent)))
        tell(Progress("evaluate"))
        predictions = estimator.predict(held_out.features)
        metrics = metrics_of(held_out.labels, predictions, len(training.labels))
        seen = holdout_overlap.holdout_rows_seen(request.features, training)
    rows, labels = (np.concatenate(parts) for parts in zip(training, held_out, strict=True))
    files, notes = files_of(estimator, rows, onnx_export.max_difference(labels))
    tell(Progress("store"))
    model = Model(
        model_id=request.model_id,
        dataset_id=request.dataset_id,
        features=request.features,
        target=request.target,
        algorithm=request.algorithm,
        params=msgspec.structs.asdict(params),
        metrics=metrics,
        holdout_rows_seen=seen,
        versions=versions("skl2onnx"),
        created_at=now_text(),
        seconds=round(time.monotonic() - started, 3),
        job_id=request.job_id,
        notes=notes + _notes_of(training, held_out),
    )
    return store.add(model, files)


def _notes_of(training: Dataset, held_out: Dataset) -> list[str]:
    copies = holdout_overlap.copies(training, held_out)
    if not copies:
        return []
    return [
        f"{copies} of its {len(held_out.labels)} held-out rows have the features of a row that it "
        "was trained on, so its RMSE and MAE include rows that it had seen"
    ]


@contextmanager
def _refusals_told(request: TrainingRequest) -> Iterator[None]:
    """Turns scikit-learn's error about numbers, which has several lines, into a sentence."""
    try:
        yield
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{request.algorithm} cannot be trained on data set {request.dataset_id!r}: {reason}"
        ) from error


def files_of(
    estimator: Any, rows: Any, most: float = onnx_export.MAX_DIFFERENCE
) -> tuple[dict[str, bytes], list[str]]:
    """Returns the model's files by name, and the reasons why one of them is missing.

    There is no ONNX file if its predictions would differ by more than `most`. Raises ModelError if
    the pipeline would not load what skops writes.
    """
    files = {SKOPS: skops.io.dumps(estimator)}
    if (size := len(files[SKOPS])) > MAX_MODEL_BYTES:
        raise ModelError(too_large("a model", size, "bytes", MAX_MODEL_BYTES))
    skops_model.load(files[SKOPS], Path(SKOPS))
    try:
        content, _ = onnx_export.export(estimator, rows, most)
        if len(content) > MAX_MODEL_BYTES:
            raise ModelError(too_large("it", len(content), "bytes", MAX_MODEL_BYTES))
    except ModelError as error:
        return files, [f"no {ONNX}: {error}"]
    return files | {ONNX: content}, []
