"""A classifier for a table of one's own: asked for, trained, tried, promoted, and answering."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.model_store.store import ModelStore
from pipeline.table.data_sets import load_schema
from redis_server import PrivateRedis
from support.gateway_client import Gateway
from support.service import Service
from support.tables import DESCRIPTION, houses, write_data_set
from support.vhost import Vhost
from support.waiting import eventually

CLASSES = ["cheap", "middling", "dear"]
KINDS = DESCRIPTION | {
    "name": "kinds", "task": "classification", "target": {"name": "kind", "classes": CLASSES},
}  # fmt: skip


def kind(price: float) -> str:
    return CLASSES[(price > 300_000) + (price > 500_000)]


def end_of(gateway: Gateway, job: Any) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        now: dict[str, Any] = gateway.job(job.json()["job_id"]).json()
        return now if now["status"] in {"completed", "failed"} else None

    return eventually(look, "the end of the training")


def test_a_classifier_of_mixed_columns_is_trained_promoted_and_answers(
    start: Callable[..., Service], start_gateway: Callable[..., Gateway], vhost: Vhost,
    redis_server: PrivateRedis, tmp_path: Path,
) -> None:  # fmt: skip
    """The trainer is one of another DATASET, and the model takes some columns, in another order."""
    folder = tmp_path / "datasets"
    write_data_set(folder, [[*row[:-1], kind(row[-1])] for row in houses()], KINDS)
    write_data_set(folder, houses())
    own = {"dataset": "kinds", "datasets_dir": folder, "training_url": vhost.amqp_url}
    start("model", **(own | {"model_path": folder / "none.skops"}))
    start("trainer", training_url=vhost.amqp_url, redis_url=redis_server.url, datasets_dir=folder)
    gateway = start_gateway(**own)
    post = gateway.http.post

    asked = post("/train", json={})
    assert asked.status_code == 202, asked.text
    request = asked.json()["request"]
    assert request == {
        "dataset_id": "kinds", "features": [each["name"] for each in DESCRIPTION["columns"]],
        "target": "kind", "algorithm": "logistic", "params": {},
    }  # fmt: skip
    assert asked.json()["warnings"] == []
    first = end_of(gateway, asked)
    assert first["accuracy"] > first["majority_accuracy"]
    assert 0 < first["half_brier"] < 0.3
    assert (first["rmse"], first["baseline_mae"], first["holdout_rows_seen"]) == (None, None, 0)

    features = ["town", "area", "rooms"]
    params = {"n_estimators": 30}
    some = end_of(
        gateway,
        post("/train", json={"features": features, "algorithm": "random_forest", "params": params}),
    )
    other = post("/train", json={"dataset_id": "houses"})
    (warning,) = other.json()["warnings"]
    assert warning == (
        "the model is one of the data set 'houses': it cannot be promoted or tried here, where "
        "DATASET is 'kinds', but can be where it is 'houses'"
    )
    assert end_of(gateway, other)["warnings"] == [warning]

    live = eventually(lambda: gateway.http.get("/models").json()["live"], "the default model")
    assert live.startswith("default-")
    assert post(f"/models/{first['model_id']}/promote").status_code == 200
    assert post(f"/models/{some['model_id']}/shadow").status_code == 200
    refused = post(f"/models/{other.json()['model_id']}/promote", json={"force": True})
    assert refused.status_code == 409
    assert "is a model of the data set 'houses'" in refused.json()["detail"]
    changed = post(f"/models/{some['model_id']}/promote", json={"force": True}).json()
    (replica,) = changed["replicas"]
    assert (replica["live"], replica["problem"]) == (some["model_id"], None)
    vhost.put("features", b'{"id": "a", "body": [9, null, "Bern", ""]}')
    properties, _ = vhost.wait_for("y_pred")
    assert properties.headers["model_id"] == some["model_id"]
    assert post("/rollback").json()["change"]["live"] == first["model_id"]

    store = ModelStore(str(tmp_path / "models"), "kinds")
    model = store.model(some["model_id"])
    assert model is not None
    assert (model.features, model.data_set) == (features, "kinds")
    assert model.rows_sha256 == load_schema("kinds", folder).rows_sha256
    told = {each["model_id"]: each for each in gateway.http.get("/models").json()["models"]}
    assert told[other.json()["model_id"]]["data_set"] == "houses"
    assert told[some["model_id"]]["metrics"]["half_brier"] == some["half_brier"]
