"""Train, try, promote and go back with a bucket of S3 as the model store: moto's server."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline import dataset
from redis_server import PrivateRedis
from support.s3 import BUCKET, moto_server
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

ROW = dataset.holdout().features[0].tolist()


@pytest.fixture
def gateway(
    start: Callable[..., Service], redis_server: PrivateRedis, vhost: Vhost, tmp_path: Path
) -> Iterator[httpx.Client]:
    """With trainer and model, all on the same bucket; nothing of it is in a folder."""
    with moto_server() as s3:
        shared = {"model_store": f"s3://{BUCKET}/some/prefix", **s3.settings}
        serving = {"redis_url": redis_server.url, "training_url": vhost.amqp_url}
        start("trainer", **shared, **serving)
        model = start("model", **shared)
        service = start("gateway", gateway_port=0, **shared, **serving)
        found = eventually(lambda: re.findall(r"gateway at (\S+)", service.log()), "a page")
        eventually(model.is_up, "the model")
        with httpx.Client(base_url=found[-1], timeout=PATIENCE_SECONDS) as client:
            yield client
        assert not (tmp_path / "models").exists()


def test_trained_tried_promoted_and_taken_back(gateway: httpx.Client, vhost: Vhost) -> None:
    def changed(answer: httpx.Response) -> tuple[str, str | None]:
        assert answer.status_code == 200, answer.text
        change, (replica,) = answer.json()["change"], answer.json()["replicas"]
        assert (replica["change"], replica["problem"]) == (change["number"], None)
        assert (replica["live"], replica["shadow"]) == (change["live"], change["shadow"])
        return change["live"], change["shadow"]

    def answering(row_id: str) -> Any:
        vhost.put("features", json.dumps({"id": row_id, "body": ROW}).encode())
        properties, _ = vhost.wait_for("y_pred")
        return properties.headers["model_id"]

    own = answering("a")
    features = gateway.get("/models").json()["models"][0]["features"]
    request = {"dataset_id": "diabetes", "features": features, "target": "target"}
    job = gateway.post("/train", json=request | {"algorithm": "random_forest"}).json()
    trained = job["model_id"]
    state = {"completed", "failed"}
    eventually(lambda: gateway.get(job["location"]).json()["status"] in state, "its end")
    stored = gateway.get(f"/models/{trained}").json()
    assert {"model.skops", "model.onnx"} == stored["files"].keys()

    assert changed(gateway.post(f"/models/{trained}/shadow")) == (own, trained)
    assert answering("b") == own
    properties, _ = vhost.wait_for("y_pred_shadow")
    assert properties.headers["model_id"] == trained
    assert changed(gateway.post(f"/models/{trained}/promote", json={})) == (trained, None)
    assert answering("c") == trained
    assert changed(gateway.post("/rollback")) == (own, None)
    assert answering("d") == own
    assert gateway.delete(f"/models/{trained}").status_code == 204
    assert gateway.get(f"/models/{trained}").status_code == 404
