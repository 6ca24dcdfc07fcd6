"""Models in a model store, made here and now: to change over without a training."""

from pathlib import Path
from typing import Any

import skops.io
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

from pipeline import dataset
from pipeline.messages import FEATURE_NAMES
from pipeline.models.records import ONNX, SKOPS, Change, Model
from pipeline.models.store import ModelStore, now_text


def put(
    store: ModelStore, model_id: str, estimator: BaseEstimator | None = None, **more: Any
) -> Any:
    """Stores an estimator, trained on the wire's ten columns unless it is given; returns it."""
    data = dataset.training()
    trained = estimator or Ridge(0.01).fit(data.features, data.labels)
    record: dict[str, Any] = {
        "dataset_id": "diabetes", "features": [*FEATURE_NAMES], "target": "target",
        "algorithm": "ridge", "params": {}, "metrics": None, "versions": {},
    } | more  # fmt: skip
    model = Model(model_id=model_id, created_at=now_text(), **record)
    store.add(model, {SKOPS: skops.io.dumps(trained)})
    return trained


def change(store: ModelStore, live: str, shadow: str | None = None) -> int:
    """Has the model of this id answer from now on; the number of the change."""
    last = store.last_change()
    number = last.number + 1 if last else 1
    store.change(Change(number=number, action="promote", live=live, shadow=shadow, at=now_text()))
    return number


def damage(folder: Path, model_id: str, name: str = SKOPS) -> None:
    """Changes one byte of a file in a folder that is a model store."""
    assert name in {SKOPS, ONNX}
    path = folder / "models" / model_id / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
