"""The inference protocol when models are asked by their ids: the test answers in their place."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pipeline.clock import now_text
from pipeline.model_store.records import Change
from pipeline.model_store.store import ModelStore
from pipeline.queues import ANSWERS, FEATURES_BY_MODEL
from support.gateway_client import SCALED, Gateway
from support.inference_client import columns, outputs_of
from support.stored_models import put_model
from support.vhost import Vhost

KEY = "a-key-for-all-of-this"
PATH = "/v2/models/narrow/infer"
NAMES = ["s5", "bmi"]  # what the model takes, in its order
ROWS = [[SCALED[8], SCALED[2]], [0.0, 0.01]]


@pytest.fixture
def gateway(start_gateway: Callable[..., Gateway], tmp_path: Path) -> Gateway:
    store = ModelStore(str(tmp_path / "models"))
    for model_id in ("first", "narrow"):
        put_model(store, model_id, features=NAMES)
    store.change(Change(number=1, action="start", live="first", shadow="narrow", at=now_text()))
    headers = {"X-API-Key": KEY}
    return start_gateway(headers, gateway_api_key=KEY, model_store=tmp_path / "models")


def body(**more: Any) -> bytes:
    return json.dumps({"inputs": columns(ROWS, NAMES)} | more).encode()


def answered(gateway: Gateway, vhost: Vhost, content: bytes, fails: int = 0) -> Any:
    """The answer of the gateway, and the request that the model got; `fails` of its rows do."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(gateway.http.post, PATH, content=content)
        properties, raw = vhost.wait_for(FEATURES_BY_MODEL)
        assert properties.headers["ask_model"] == "narrow"
        message = json.loads(raw)
        for row_id, row in zip(message["id"][:fails], message["body"], strict=False):
            refused = json.dumps({"id": row_id, "body": row}).encode()
            vhost.put(ANSWERS, refused, headers={"x-reason": "too odd", "ask_model": "narrow"})
        ids = message["id"][fails:]
        told = json.dumps({"id": ids, "body": [150.0] * len(ids)}).encode()
        headers = {"model_id": "narrow", "ask_model": "narrow"}
        vhost.put(ANSWERS, told, headers=headers, correlation_id=properties.correlation_id)
        return future.result(), message


def test_a_model_is_asked_by_its_id_for_rows_of_its_own(gateway: Gateway, vhost: Vhost) -> None:
    told = gateway.http.get("/v2/models/shadow").json()
    assert (told["versions"], [each["name"] for each in told["inputs"]]) == (["narrow"], NAMES)
    answer, message = answered(gateway, vhost, body(id="7"))
    assert message["body"] == ROWS
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["id"], told["model_name"], told["model_version"]) == ("7", "narrow", "narrow")
    assert outputs_of(answer) == {"prediction": [150.0] * 2, "job_id": message["id"]}
    labels = {"id": message["id"], "value": [151, 149]}
    taken = gateway.http.post("/labels", json=labels).json()["labels"]
    assert [each["makes_row"] for each in taken] == [False] * 2
    assert gateway.job(message["id"][0]).json()["absolute_error"] == 1


def test_a_row_that_fails_is_told_or_is_null(gateway: Gateway, vhost: Vhost) -> None:
    answer, message = answered(gateway, vhost, body(), fails=1)
    assert answer.status_code == 422
    text = f"1 of 2 rows have no prediction: row 0 (job {message['id'][0]}): too odd"
    assert text in answer.json()["error"]
    answer, message = answered(gateway, vhost, body(parameters={"partial": True}), fails=1)
    assert answer.status_code == 200
    assert outputs_of(answer) == {
        "prediction": [None, 150.0], "job_id": message["id"], "reason": ["too odd", ""],
    }  # fmt: skip


@pytest.mark.parametrize("by", ["timeout", "wait"])
def test_an_answer_that_is_late_leaves_the_jobs_to_ask_for(
    gateway: Gateway, vhost: Vhost, by: str
) -> None:
    late = body(parameters={"timeout": 100_000}) if by == "timeout" else body()
    headers = {"Prefer": "wait=1"} if by == "wait" else {}
    answer = gateway.http.post(PATH, content=late, headers=headers)
    assert answer.status_code == 504
    told = answer.json()["error"]
    assert "GET /job/{id}" in told
    _, raw = vhost.wait_for(FEATURES_BY_MODEL)
    ids = json.loads(raw)["id"]
    assert all(each in told for each in ids)
    assert gateway.job(ids[0]).json()["status"] == "processing"


def test_the_key_is_asked_for_except_by_health(gateway: Gateway) -> None:
    wrong = {"X-API-Key": "wrong"}
    for path in ("/v2/models/live", "/v2/models/live/ready"):
        answer = gateway.http.get(path, headers=wrong)
        assert (answer.status_code, [*answer.json()]) == (401, ["error"])
    assert gateway.http.post(PATH, content=body(), headers=wrong).status_code == 401
    assert gateway.http.get("/v2/health/ready", headers=wrong).status_code == 200


def test_without_the_broker_nothing_is_ready(gateway: Gateway, vhost: Vhost) -> None:
    vhost.delete()
    try:
        gateway.wait_until_ill()
        for path in ("/v2/health/ready", "/v2/models/narrow/ready"):
            answer = gateway.http.get(path)
            assert (answer.status_code, [*answer.json()]) == (503, ["error"])
        assert gateway.http.post(PATH, content=body()).status_code == 503
        assert gateway.http.get("/v2/health/live").status_code == 200
    finally:
        vhost.manage("PUT", f"vhosts/{vhost.name}")
        vhost.permit("guest")
