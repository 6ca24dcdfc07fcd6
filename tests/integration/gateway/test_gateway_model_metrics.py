"""The errors of each model in GET /models, beside the files that metric writes."""

import csv
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    mean_absolute_error,
    root_mean_squared_error,
)

from pipeline.model_store.store import ModelStore
from support.gateway_client import SCALED, WAIT, Gateway
from support.live_page import NOTHING_THERE
from support.pages import page_address
from support.service import Service
from support.stored_models import put_model
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]
StartGateway = Callable[..., Gateway]

ROWS = 30
CLASSES = ["setosa", "versicolor", "virginica"]
IDS = [f"r{number}" for number in range(ROWS)]
MODELS = ("ridge", "forest")  # the first half of the rows is the first one's


def put(vhost: Vhost, queue: str, ids: list[str], values: list[Any], model_id: str = "") -> None:
    body = json.dumps({"id": ids, "body": values}).encode()
    vhost.put(queue, body, headers={"model_id": model_id} if model_id else None)


def publish(vhost: Vhost, labels: list[Any], said: list[Any], by_shadow: list[Any]) -> None:
    """All of it twice, as the broker may."""
    half = ROWS // 2
    for _ in range(2):
        put(vhost, "y_true", IDS, labels)
        put(vhost, "y_pred", IDS[:half], said[:half], MODELS[0])
        put(vhost, "y_pred", IDS[half:], said[half:], MODELS[1])
        put(vhost, "y_pred_shadow", IDS, by_shadow, "mlp")


def serve(
    start: Start, start_gateway: StartGateway, vhost: Vhost, folder: Path, data_set: str
) -> tuple[Gateway, Service, ModelStore]:
    """A gateway with plot and metric, and four models of the data set, one of another."""
    metric = start("metric", dataset=data_set)
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    plot = start("plot", dataset=data_set, management_url=NOTHING_THERE)
    gateway = start_gateway(dataset=data_set, plot_url=page_address(plot))
    store = ModelStore(str(folder / "models"), "" if data_set == "diabetes" else data_set)
    for model_id in (*MODELS, "mlp", "idle"):
        put_model(store, model_id, data_set=data_set, metrics=None)
    put_model(store, "elsewhere", data_set="houses", metrics=None)
    return gateway, metric, store


def told(gateway: Gateway) -> dict[str, dict[str, Any]]:
    models = gateway.http.get("/models").raise_for_status().json()["models"]
    return {model["model_id"]: model for model in models}


def told_of_all(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """The models once all rows are counted: plot's answer may be a second old."""

    def look() -> Any:
        found = told(gateway)
        roles = [(each, "live_metrics") for each in MODELS] + [("mlp", "shadow_metrics")]
        metrics = [found[model_id][role] for model_id, role in roles]
        counted = sum(each["rows"] + each["failed"] for each in metrics if each)
        return found if counted == 2 * ROWS else None

    found: dict[str, dict[str, Any]] = eventually(look, "the errors of all rows")
    return found


def assert_means(found: dict[str, Any], rows: int, failed: int = 0, **means: float) -> None:
    none = dict.fromkeys(("mae", "rmse", "accuracy", "half_brier"))
    age = datetime.now(UTC) - datetime.fromisoformat(found["last_at"])
    assert timedelta() <= age < timedelta(minutes=10)
    expected = {"rows": rows, "failed": failed} | none | means
    assert {key: found[key] for key in expected} == pytest.approx(expected)


def assert_of_others(found: dict[str, dict[str, Any]]) -> None:
    for model_id in (*MODELS, "mlp", "idle", "elsewhere"):
        model = found[model_id]
        assert model["size"] == sum(file["size"] for file in model["files"].values()) > 0
        live = model["live_metrics"]
        assert model["answered_at"] == (live and live["last_at"])
        assert (live is not None) == (model_id in MODELS)
        assert (model["shadow_metrics"] is not None) == (model_id == "mlp")


def test_of_numbers_the_errors_are_those_of_the_files(
    start: Start, start_gateway: StartGateway, vhost: Vhost, tmp_path: Path
) -> None:
    gateway, metric, store = serve(start, start_gateway, vhost, tmp_path, "diabetes")
    labels = [25.0 + 7 * number for number in range(ROWS)]
    by_shadow: list[Any] = [y * 1.1 for y in labels]
    by_shadow[3] = None
    publish(vhost, labels, [200 - y / 3 for y in labels], by_shadow)
    eventually(lambda: metric.counts().get("shadow_joined") == ROWS, "the rows")
    put(vhost, "y_true", ["nobody"], [100.0])
    put(vhost, "y_pred", ["nobody"], [100.0])  # of a model that is not named
    eventually(lambda: metric.counts().get("joined") == ROWS + 1, "its row")
    metric.kill()
    start("metric")  # counts no row again
    found = told_of_all(gateway)
    log = pd.read_csv(tmp_path / "metric_log.csv").set_index("id").loc[IDS]
    for model_id, ids in zip(MODELS, (IDS[: ROWS // 2], IDS[ROWS // 2 :]), strict=True):
        y_true, y_pred = log.loc[ids, "y_true"], log.loc[ids, "y_pred"]
        assert_means(
            found[model_id]["live_metrics"],
            len(ids),
            mae=mean_absolute_error(y_true, y_pred),
            rmse=root_mean_squared_error(y_true, y_pred),
        )
    shadow = pd.read_csv(tmp_path / "metric_log_shadow.csv")
    predicted = shadow[shadow["y_pred"] < float("inf")]
    assert len(shadow) == len(predicted) + 1 == ROWS
    assert_means(
        found["mlp"]["shadow_metrics"],
        ROWS - 1,
        failed=1,
        mae=mean_absolute_error(predicted["y_true"], predicted["y_pred"]),
        rmse=root_mean_squared_error(predicted["y_true"], predicted["y_pred"]),
    )
    assert_of_others(found)
    assert {model["task"] for model in found.values()} == {"regression", None}
    assert found["ridge"] == gateway.http.get("/models/ridge").json()
    assert len(store.all_models()) == len(found)


def test_of_classes_they_are_accuracy_and_half_brier(
    start: Start, start_gateway: StartGateway, vhost: Vhost, tmp_path: Path
) -> None:
    gateway, metric, _ = serve(start, start_gateway, vhost, tmp_path, "iris")
    labels = [CLASSES[number % 3] for number in range(ROWS)]
    shares = [(n % 8 / 16, 0.5 - n % 8 / 16, 0.5) for n in range(ROWS)]
    said = [dict(zip(CLASSES, each, strict=True)) for each in shares]
    publish(vhost, labels, said, said[::-1])
    eventually(lambda: metric.counts().get("shadow_joined") == ROWS, "the rows")
    found = told_of_all(gateway)
    log = pd.read_csv(tmp_path / "iris" / "metric_log.csv").set_index("id")
    half = ROWS // 2
    for model_id, rows in zip(MODELS, (slice(half), slice(half, ROWS)), strict=True):
        own = log.loc[IDS[rows]]
        brier = brier_score_loss(labels[rows], shares[rows], labels=CLASSES, scale_by_half=True)
        assert_means(
            found[model_id]["live_metrics"],
            half,
            accuracy=accuracy_score(own["y_true"], own["y_pred"]),
            half_brier=brier,
        )
    with (tmp_path / "iris" / "metric_log_shadow.csv").open(newline="") as file:
        shadow = [*csv.DictReader(file)]
    assert_means(
        found["mlp"]["shadow_metrics"],
        ROWS,
        accuracy=sum(row["y_true"] == row["y_pred"] for row in shadow) / ROWS,
        half_brier=sum(float(row["half_brier"]) for row in shadow) / ROWS,
    )
    assert_of_others(found)


def test_a_job_that_is_answered_tells_when_its_model_last_answered(gateway: Gateway) -> None:
    begin = datetime.now(UTC) - timedelta(seconds=1)
    job = gateway.predict(SCALED, WAIT).json()
    model = told(gateway)[job["model_id"]]
    assert model["live_metrics"] is None, "there is no plot"
    assert begin < datetime.fromisoformat(model["answered_at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("redis_url", ["redis://127.0.0.1:1/0", None])
def test_without_plot_and_redis_the_models_are_listed_soon(
    start: Start, start_gateway: StartGateway, tmp_path: Path, redis_url: str | None
) -> None:
    put_model(ModelStore(str(tmp_path / "models")), "ridge")
    if redis_url is None:
        gateway = start_gateway(plot_url="http://127.0.0.1:1/")
    else:
        away = start("gateway", redis_url=redis_url, gateway_port=0, plot_url="http://127.0.0.1:1")
        gateway = Gateway(away)
    gateway.http.get("/links")  # the first answer of a process takes longer
    begin = time.monotonic()
    model = told(gateway)["ridge"]
    assert time.monotonic() - begin < 5
    assert [model[name] for name in ("live_metrics", "shadow_metrics", "answered_at")] == [None] * 3
    assert model["task"] == "regression"
    gateway.close()
