"""Two rollbacks at one moment, at two gateways that share a store, with a model that follows."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gateway_client import Gateway, Serving
from pipeline.models.store import ModelStore
from stored_models import put_model
from support import eventually

PAIRS = 8


def roll_back(gateway: Gateway) -> Any:
    return gateway.http.post("/rollback")


def test_of_two_at_two_gateways_one_goes_back(serving: Serving) -> None:
    store = ModelStore(str(serving.logs_dir / "models"))
    own = eventually(lambda: serving.gateway.http.get("/models").json()["live"], "a live model")
    models = [put_model(store, model_id) for model_id in ("one", "two")]
    went = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(PAIRS):
            for model in models:
                body = {"force": True}
                path = f"/models/{model.model_id}/promote"
                assert serving.gateway.http.post(path, json=body).status_code == 200
            pair = pool.map(roll_back, [serving.gateway, serving.other])
            made, other = sorted(pair, key=lambda answer: answer.status_code)
            assert (made.status_code, other.status_code) == (200, 409), other.text
            assert "look, and ask again" in other.json()["detail"]
            went.append(made.json()["change"]["live"])
            assert roll_back(serving.other).json()["change"]["live"] == own
    assert went == ["one"] * PAIRS
    for model in models:
        store.delete(model)
