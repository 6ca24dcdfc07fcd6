"""Trains the default model of a data set, where the model store has none of its rows and schema.

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

from default_model import start_with
from memory_limit import limited_memory
from pipeline.clock import now_text
from pipeline.decode_errors import too_large
from pipeline.errors import ModelError
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import MAX_MODEL_BYTES, SKOPS, Change, Model, promotions_in_force
from pipeline.model_store.store import ModelStore
from pipeline.model_store.versions import made_as, versions
from pipeline.run import Run
from pipeline.table.data_sets import DataSet, load
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import Matrix, matrix
from pipeline.table.schema import Schema
from pipeline.table.split_digest import split_digest
from quality import quality

log = logging.getLogger(__name__)

BEAT_SECONDS = 0.2
DEFAULT = "default-"  # the ids of models that are trained here begin so

T = TypeVar("T")


def train_if_needed(store: ModelStore, schema: Schema, datasets_dir: Path, run: Run) -> None:
    """Trains the data set's model and lets it answer, unless the store has it already.

    A default model of other rows, or of another schema, is replaced: it may not fit the rows, or
    know those that are held out now. A promoted model stays; rollbacks lead back to the new one.
    Several processes that do this at the same time agree on one. Raises SchemaError, ModelError,
    ModelStoreError, and StopError once the service is asked to stop.
    """
    changes = store.changes()
    reason = _reason_to_train(changes, schema)
    if reason is None:
        return
    log.info("%s: training one", reason)
    train = partial(_trained, schema.name, datasets_dir)
    model, content = _while_beating(train, run)
    kept = store.add(model, {SKOPS: content})
    start_with(store, changes, kept.model_id)


def _reason_to_train(changes: list[Change], schema: Schema) -> str | None:
    if not changes:
        return f"the model store names no model of {schema.name}"
    first = next(iter(promotions_in_force(changes)), None)
    if first is None or first.action != "start" or not first.own.startswith(DEFAULT):
        return None  # somebody chose it
    if first.own == default_id(schema):
        return None
    return f"{first.own} is of other rows, or of another schema, than {schema.name} has now"


def default_id(schema: Schema) -> str:
    """Returns the id of a data set's default model.

    It follows from what the model depends on, so that all who train it agree on one, and a model
    of other rows has another. Titles, ranges and versions of libraries are no reason to train.
    """
    columns = [(type(each).__name__, each.name, each.missing) for each in schema.columns]
    target = schema.task, schema.target.name, schema.target.classes
    rows = schema.name, schema.rows_sha256, schema.split, schema.split_column
    return DEFAULT + hashlib.sha256(msgspec.json.encode([rows, target, columns])).hexdigest()[:12]


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
    with limited_memory(name):
        return trained(load(name, folder))


def trained(data: DataSet) -> tuple[Model, bytes]:
    """Returns the record and the content of a data set's default model, and logs how good it is.

    Raises ModelError if it cannot be trained, or `model` would refuse it.
    """
    started = time.monotonic()
    schema, model_id = data.schema, default_id(data.schema)
    digest = split_digest(schema, len(data.rows.labels))
    rows, seen = _arrays(data.rows.training(), schema)
    held_out = _arrays(data.rows.holdout(), schema)
    del data  # of a large table it is most of the memory
    estimator = _fitted(schema, rows, seen)
    content: bytes = skops.io.dumps(estimator)
    if len(content) > MAX_MODEL_BYTES:
        raise ModelError(too_large("the default model", len(content), "bytes", MAX_MODEL_BYTES))
    predictor = Predictor.of(content, Path(model_id, SKOPS), model_id, ModelInput(schema))
    metrics, notes = quality(predictor, schema, held_out, seen)
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
        split_digest=digest,
    )
    return record, content


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
