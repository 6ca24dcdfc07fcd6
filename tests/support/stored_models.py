"""Models for the model store, made in a moment."""

from pathlib import Path
from typing import Any

import skops.io
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from held_out import HeldOut
from pipeline import dataset
from pipeline.clock import now_text
from pipeline.model_store.records import SKOPS, Change, Metrics, Model
from pipeline.model_store.store import ModelStore
from pipeline.table import built_in
from pipeline.table.data_sets import load, load_schema
from pipeline.table.matrix import matrix
from pipeline.table.split_digest import split_digest
from promotion.registry import Registry


def put_model(store: ModelStore, model_id: str, estimator: Any = None, **fields: Any) -> Model:
    """Fitted as the trainer does it; what is not given is as of a ridge."""
    data = dataset.training()
    fitted = (Ridge(0.1) if estimator is None else estimator).fit(data.features, data.labels)
    record: dict[str, Any] = {
        "model_id": model_id,
        "dataset_id": "diabetes",
        "features": built_in.default().names,
        "target": "target",
        "algorithm": "ridge",
        "params": {"alpha": 0.1},
        "metrics": Metrics(58.0, 46.0, 353, 89),
        "versions": {"python": "3.13.1"},
        "created_at": now_text(),
    }
    files = fields.pop("files", {SKOPS: skops.io.dumps(fitted)})
    return store.add(Model(**(record | fields)), files)


def put_model_of(
    store: ModelStore, data_set: str, folder: Path, estimator: Any, model_id: str, **fields: Any
) -> Model:
    """Fitted to the training rows of any data set, on the columns that `features` names."""
    schema, rows = load(data_set, folder)
    names = fields.setdefault("features", schema.names)
    places = [schema.names.index(name) for name in names]
    columns = [schema.columns[place] for place in places]
    values, labels = rows.training()
    picked = matrix([[row[place] for place in places] for row in values], columns)
    ours: dict[str, Any] = {
        "dataset_id": data_set, "data_set": data_set, "target": schema.target.name,
        "rows_sha256": schema.rows_sha256, "holdout_rows_seen": 0, "job_id": "j",
        "split_digest": split_digest(schema, len(rows.labels)),
        "files": {SKOPS: skops.io.dumps(estimator.fit(picked, labels))},
    }  # fmt: skip
    return put_model(store, model_id, **(ours | fields))


def registry_of(
    store: ModelStore, max_rise: float = 0.05, data_set: str = "diabetes", folder: Path = Path()
) -> Registry:
    """A registry of a data set, as the gateway makes it at its start."""
    return Registry(store, max_rise, HeldOut(load_schema(data_set, folder), folder))


def fragile_estimator() -> Any:
    """Fails on an s6 from 0.4 on, and on no patient: a tree, behind a scaling beyond its range."""
    scaler = StandardScaler()
    pipeline = make_pipeline(scaler, DecisionTreeRegressor(max_depth=3, random_state=0))
    data = dataset.training()
    pipeline.fit(data.features, data.labels)
    scaler.mean_[-1], scaler.scale_[-1] = 0.0, 1e-39
    return pipeline


def put_bad_model(store: ModelStore, model_id: str) -> Model:
    """One that says the mean of all, whatever the row: some 40 % worse than a ridge."""
    return put_model(store, model_id, DummyRegressor())


def change(store: ModelStore, live: str, shadow: str | None = None) -> int:
    """Has the model of this id answer from now on; the number of the change."""
    last = store.last_change()
    number = last.number + 1 if last else 1
    store.change(Change(number=number, action="promote", live=live, shadow=shadow, at=now_text()))
    return number


def damage(store: ModelStore, model_id: str) -> None:
    """Changes one byte of its file, in a store that is a folder."""
    path = Path(store.url, "models", model_id, SKOPS)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
