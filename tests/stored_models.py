"""Models for the model store, made in a moment."""

from typing import Any

import skops.io
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import Ridge

from pipeline import dataset
from pipeline.messages import FEATURE_NAMES
from pipeline.models.records import SKOPS, Metrics, Model
from pipeline.models.store import ModelStore, now_text


def put_model(store: ModelStore, model_id: str, estimator: Any = None, **fields: Any) -> Model:
    """Fitted as the trainer does it; what is not given is as of a ridge."""
    data = dataset.training()
    fitted = (estimator or Ridge(0.1)).fit(data.features, data.labels)
    record: dict[str, Any] = {
        "model_id": model_id,
        "dataset_id": "diabetes",
        "features": list(FEATURE_NAMES),
        "target": "target",
        "algorithm": "ridge",
        "params": {"alpha": 0.1},
        "metrics": Metrics(58.0, 46.0, 353, 89),
        "versions": {"python": "3.13.1"},
        "created_at": now_text(),
    }
    files = fields.pop("files", {SKOPS: skops.io.dumps(fitted)})
    return store.add(Model(**(record | fields)), files)


def put_bad_model(store: ModelStore, model_id: str) -> Model:
    """One that says the mean of all, whatever the row: some 40 % worse than a ridge."""
    return put_model(store, model_id, DummyRegressor())
