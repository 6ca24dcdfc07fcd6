"""One training from its request to a stored model, stage by stage."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import skops.io
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

import algorithms
import data_sets
import holdout_overlap
from data_sets import Part, Table
from pipeline.clock import now_text
from pipeline.decode_errors import too_large
from pipeline.errors import ModelError
from pipeline.model_store import onnx_export, skops_model
from pipeline.model_store.metrics import class_metrics, metrics_of
from pipeline.model_store.model_output import asking
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.records import MAX_MODEL_BYTES, ONNX, SKOPS, Metrics, Model
from pipeline.model_store.store import ModelStore
from pipeline.model_store.versions import versions
from pipeline.table.schema import Schema
from pipeline.training import Progress, TrainingError, TrainingRequest

Tell = Callable[[Progress], None]
SMALLER = ": fewer trees (n_estimators), or larger leaves (min_samples_leaf), make a smaller one"
NO_HOLDOUT = "it is not known how good it is: no row is held out"


def train_and_store(
    request: TrainingRequest, store: ModelStore, datasets_dir: Path, tell: Tell
) -> Model:
    """Trains and stores a model, and returns it as it is in the store; `tell` hears of each stage.

    Raises TrainingError if it can never be made, SchemaError if its data set cannot be used,
    ModelError if it cannot be stored as skops, and ModelStoreError if the store cannot be reached.
    """
    started = time.monotonic()
    tell(Progress("load"))
    table = data_sets.load(store, request, datasets_dir)
    schema = table.schema
    params = algorithms.params_of(schema.task, request.algorithm, request.params)
    tell(Progress("split"))
    with _refusals_told(request):
        tell(Progress("fit"))
        estimator = algorithms.fit(
            schema.task, params, schema.columns, table.training,
            lambda percent: tell(Progress("fit", percent)),
        )  # fmt: skip
        tell(Progress("evaluate"))
        metrics = _measured(estimator, schema, table.held_out, table.training.labels)
    files, notes = _files(estimator, table)
    tell(Progress("store"))
    model = Model(
        model_id=request.model_id,
        dataset_id=request.dataset_id,
        features=request.features,
        target=request.target,
        algorithm=request.algorithm,
        params=msgspec.structs.asdict(params),
        metrics=metrics,
        holdout_rows_seen=table.holdout_rows_seen,
        versions=versions("skl2onnx"),
        created_at=now_text(),
        seconds=round(time.monotonic() - started, 3),
        job_id=request.job_id,
        notes=notes + _notes_of(estimator, table),
        data_set=schema.name,
        rows_sha256=schema.rows_sha256,
        split_digest=table.split_digest,
    )
    return store.add(model, files)


def _measured(estimator: Any, schema: Schema, held_out: Part, seen: Any) -> Metrics | None:
    """Returns the errors on the held-out rows; None if there is none."""
    rows, labels = held_out
    if not len(labels):
        return None
    if schema.task == "regression":
        return metrics_of(labels, estimator.predict(rows), seen)
    outcomes = asking(estimator, schema)(rows)
    if failed := [each.reason for each in outcomes if isinstance(each, Failed)]:
        raise ValueError(failed[0])
    return class_metrics(labels.tolist(), outcomes, schema.target.classes, seen.tolist())


def _notes_of(estimator: Any, table: Table) -> list[str]:
    training, held_out = table.training, table.held_out
    notes = [] if len(held_out.labels) else [NO_HOLDOUT]
    last = _last_step(estimator)
    if isinstance(last, LogisticRegression) and last.n_iter_.max() >= last.max_iter:
        notes.append(f"its fit was ended by max_iter={last.max_iter}: a higher one may be better")
    copies = holdout_overlap.copies(training.features, held_out.features)
    if copies:
        figures = "RMSE and MAE" if table.schema.task == "regression" else "figures"
        notes.append(
            f"{copies} of its {len(held_out.labels)} held-out rows have the features of a row that "
            f"it was trained on, so its {figures} include rows that it had seen"
        )
    return notes


@contextmanager
def _refusals_told(request: TrainingRequest) -> Iterator[None]:
    """Turns scikit-learn's error about numbers, which has several lines, into a sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # noted in the model's record
            yield
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise TrainingError(
            f"{request.algorithm} cannot be trained on data set {request.dataset_id!r}: {reason}"
        ) from error


def _files(estimator: Any, table: Table) -> tuple[dict[str, bytes], list[str]]:
    """Returns files_of() the estimator; ONNX is compared on all rows."""
    rows, labels = (
        np.concatenate(parts) for parts in zip(table.training, table.held_out, strict=True)
    )
    is_regression = table.schema.task == "regression"
    most = onnx_export.max_difference(labels) if is_regression else onnx_export.MAX_DIFFERENCE
    return files_of(estimator, rows, most)


def files_of(
    estimator: Any, rows: Any, most: float = onnx_export.MAX_DIFFERENCE
) -> tuple[dict[str, bytes], list[str]]:
    """Returns the model's files by name, and the reasons why one of them is missing.

    There is no ONNX file if its predictions would differ by more than `most`, or if it does not
    take numbers alone. Raises ModelError if the pipeline would not load what skops writes.
    """
    files = {SKOPS: skops.io.dumps(estimator)}
    if (size := len(files[SKOPS])) > MAX_MODEL_BYTES:
        cure = SMALLER if hasattr(_last_step(estimator), "estimators_") else ""
        raise ModelError(too_large("a model", size, "bytes", MAX_MODEL_BYTES) + cure)
    skops_model.load(files[SKOPS], Path(SKOPS))
    if rows.dtype == object:
        return files, [f"no {ONNX}: it takes categories or text, and {ONNX} numbers alone"]
    try:
        content, _ = onnx_export.export(estimator, rows, most)
        if len(content) > MAX_MODEL_BYTES:
            raise ModelError(too_large("it", len(content), "bytes", MAX_MODEL_BYTES))
    except ModelError as error:
        return files, [f"no {ONNX}: {error}"]
    return files | {ONNX: content}, []


def _last_step(estimator: Any) -> Any:
    return estimator[-1] if isinstance(estimator, Pipeline) else estimator
