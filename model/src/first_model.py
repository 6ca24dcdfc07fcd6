"""Trains the default model of a data set where the model store has none.

The default data set needs none of this: its model is in a file.
"""

import hashlib
import logging
import time
import warnings
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import msgspec
import numpy as np
import skops.io
from sklearn.exceptions import ConvergenceWarning

from memory_limit import check_size, limited_memory
from pipeline.clock import now_text
from pipeline.decode_errors import too_large
from pipeline.errors import ModelError
from pipeline.messages import new_id
from pipeline.model_store.metrics import class_metrics, metrics_of
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import MAX_MODEL_BYTES, SKOPS, Change, Metrics, Model
from pipeline.model_store.store import ModelStore, TakenError
from pipeline.model_store.versions import made_as, versions
from pipeline.numbers import readable
from pipeline.run import Run
from pipeline.settings import Settings
from pipeline.table.data_sets import ROWS_FILE, DataSet, load
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import Matrix, matrix
from pipeline.table.schema import Schema

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.2

T = TypeVar("T")


def train_if_none(store: ModelStore, settings: Settings, run: Run) -> None:
    """Trains the data set's model and lets it answer, unless the store names one already.

    Of several processes that do this at the same time one makes the change, and the others take
    its model. Raises SchemaError, ModelError, ModelStoreError, and StopError once the service is
    asked to stop.
    """
    if store.last_change() is not None:
        return
    log.info("the model store names no model of %s: training one", settings.dataset)
    train = partial(_trained, settings.dataset, settings.datasets_dir)
    model, content = _while_beating(train, run)
    kept = store.add(model, {SKOPS: content})
    change = Change(
        number=1, action="start", live=kept.model_id, default=kept.model_id, nonce=new_id(),
        at=now_text(),
    )  # fmt: skip
    try:
        store.change(change)
    except TakenError:
        log.info("another process was faster: its model answers")


def _while_beating(work: Callable[[], T], run: Run) -> T:
    """Does the work in a thread, as nothing else could report meanwhile, or end on a stop."""
    done: Future[T] = Future()

    def do() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    Thread(target=do, name="training", daemon=True).start()
    while not wait([done], BEAT_SECONDS).done:
        run.checkpoint()
    return done.result()


def _trained(name: str, folder: Path) -> tuple[Model, bytes]:
    rows_file = folder / name / ROWS_FILE
    if rows_file.exists():  # a built-in data set has none
        check_size(name, rows_file)
    with limited_memory(name):
        return trained(load(name, folder))


def trained(data: DataSet) -> tuple[Model, bytes]:
    """Returns the record and the content of a data set's default model, and logs how good it is.

    Its id follows from the rows, the schema and the versions, so that all who train it have one.
    Raises ModelError if it cannot be trained, or `model` would refuse it.
    """
    started = time.monotonic()
    schema, model_id = data.schema, f"default-{_digest(data)}"
    rows, seen = _arrays(data.rows.training(), schema)
    held_out = _arrays(data.rows.holdout(), schema)
    del data  # of a large table it is most of the memory
    estimator = _fitted(schema, rows, seen)
    content: bytes = skops.io.dumps(estimator)
    if len(content) > MAX_MODEL_BYTES:
        raise ModelError(too_large("the default model", len(content), "bytes", MAX_MODEL_BYTES))
    predictor = Predictor.of(content, Path(model_id, SKOPS), model_id, ModelInput(schema))
    metrics, notes = _quality(predictor, schema, held_out, seen)
    record = Model(
        model_id=model_id,
        dataset_id=schema.name,
        features=schema.names,
        target=schema.target.name,
        **made_as(estimator),
        metrics=metrics,
        holdout_rows_seen=0,
        versions=versions(),
        created_at=now_text(),
        seconds=round(time.monotonic() - started, 3),
        notes=[f"the default model: {' '.join(repr(estimator).split())}", *notes],
        data_set=schema.name,
        rows_sha256=schema.rows_sha256,
    )
    return record, content


def _digest(data: DataSet) -> str:
    digest = hashlib.sha256(data.schema.to_json() + msgspec.json.encode(versions()))
    for row in zip(*data.rows.training(), strict=True):
        digest.update(msgspec.json.encode(row))
    return digest.hexdigest()[:12]


def _arrays(part: tuple[list[Any], list[Any]], schema: Schema) -> tuple[Matrix, Matrix]:
    values, labels = part
    return matrix(values, schema.columns), np.array(labels)


def _fitted(schema: Schema, rows: Matrix, labels: Matrix) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the figures show how good it is
            return default_estimator(schema.task, schema.columns).fit(rows, labels)
    except ValueError as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"no model can be trained on the data set {schema.name!r}: {reason}"
        ) from error


def _quality(
    predictor: Predictor, schema: Schema, held_out: tuple[Matrix, Matrix], seen: Matrix
) -> tuple[Metrics | None, list[str]]:
    """Returns the errors on the rows held out, with what else is to know of them; logs both."""
    rows, labels = held_out
    outcomes = predictor.predict(rows)  # type: ignore[arg-type]  # rows of an array are rows, too
    pairs = [
        (label, outcome)
        for label, outcome in zip(labels.tolist(), outcomes, strict=True)
        if not isinstance(outcome, Failed)
    ]
    failed = [outcome.reason for outcome in outcomes if isinstance(outcome, Failed)]
    notes = []
    if failed:
        notes.append(f"it fails on {len(failed)} of {len(rows)} held-out rows: {failed[0]}")
    if not pairs:
        notes.append("it is not known how good it is: no row is held out that it can predict")
        log.warning("%s: %s", schema.name, "; ".join(notes))
        return None, notes
    told, predicted = ([pair[index] for pair in pairs] for index in (0, 1))
    metrics, text = _measured(told, predicted, schema, seen)
    log.info("%s: %s", schema.name, "; ".join([text, *notes]))
    return metrics, notes


def _measured(
    labels: list[Any], predictions: list[Any], schema: Schema, seen: Matrix
) -> tuple[Metrics, str]:
    """Returns the errors, and a text with what they would be of a model that looks at no row."""
    if schema.task == "classification":
        metrics = class_metrics(labels, predictions, schema.target.classes, seen.tolist())
        return metrics, (
            f"accuracy {metrics.accuracy:.3f} ({metrics.majority_accuracy:.3f} by always telling "
            f"the most frequent class), log loss {metrics.log_loss:.3f}, half Brier score "
            f"{metrics.half_brier:.3f} on {len(labels)} held-out rows"
        )
    try:
        metrics = metrics_of(labels, predictions, len(seen))
    except ValueError as error:
        raise ModelError(f"the model of {schema.name} is of no use: {error}") from error
    baseline = np.abs(np.array(labels) - np.median(seen)).mean()
    figures: list[Any] = [metrics.rmse, metrics.mae, float(baseline)]
    root_mean_squared, mae, of_median = map(readable, figures)
    return metrics, (
        f"RMSE {root_mean_squared}, MAE {mae} ({of_median} by always telling the median) on "
        f"{len(labels)} held-out rows"
    )
