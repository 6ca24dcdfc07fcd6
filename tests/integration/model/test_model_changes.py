"""`model` as processes, on a model store that changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import skops.io
from sklearn.linear_model import Ridge

from pipeline import dataset
from pipeline.model_store import fingerprint
from pipeline.model_store.records import REPORT_SECONDS, SKOPS
from pipeline.model_store.store import ModelStore
from support.service import Service
from support.stored_models import change, damage, fragile_estimator, put_model
from support.vhost import Vhost
from support.waiting import eventually

ROW = dataset.holdout().features[0].tolist()


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


@pytest.fixture
def model(start: Callable[..., Service]) -> Service:
    service = start("model")
    eventually(service.is_up, "the model, and with it all queues")
    return service


def of(estimator: Ridge) -> float:
    """What it says of the row, but for rounding."""
    return cast(float, pytest.approx(estimator.predict([ROW])[0]))


def ask(vhost: Vhost, row_id: str, queue: str = "y_pred") -> tuple[str, float]:
    """Of one row the id of the model that answers, and what it says."""
    vhost.put("features", json.dumps({"id": row_id, "body": ROW}).encode())
    return told(vhost, row_id, queue)


def told(vhost: Vhost, row_id: str, queue: str) -> tuple[str, float]:
    properties, body = vhost.wait_for(queue)
    answer = json.loads(body)
    assert answer["id"] == row_id
    return properties.headers["model_id"], answer["body"]


def tell(vhost: Vhost) -> None:
    with vhost.channel() as channel:
        channel.basic_publish("changes", "", b"{}")


def follows(store: ModelStore, number: int) -> Callable[[], Any]:
    return lambda: [each for each in store.replicas() if each.change == number]


def test_what_it_starts_with_is_kept_and_can_be_gone_back_to(
    model: Service, store: ModelStore, vhost: Vhost, model_path: Path
) -> None:
    own_id = fingerprint.model_id(model_path.read_bytes())
    (kept,) = store.models()
    assert (kept.model_id, kept.algorithm, kept.metrics and kept.metrics.held_out_rows) == (
        own_id, "RidgeCV", 89,
    )  # fmt: skip
    (first,) = store.changes()
    assert (first.number, first.action, first.live) == (1, "start", own_id)
    assert ask(vhost, "a")[0] == own_id
    assert model.stop() == 0
    assert store.replicas() == []


def test_another_answers_from_the_next_batch_on_and_after_a_start(
    model: Service, start: Callable[..., Service], store: ModelStore, vhost: Vhost
) -> None:
    put_model(store, "damaged")
    damage(store, "damaged")
    put_model(store, "foreign", features=["age", "height"])
    put_model(store, "ridge-1", candidate := Ridge(0.01))

    change(store, "ridge-1")
    tell(vhost)
    # told, it looks at once, and not only when its next report is due
    eventually(follows(store, 2), "a report of change 2", REPORT_SECONDS / 2)
    assert ask(vhost, "a") == ("ridge-1", of(candidate))

    for number, (bad, why) in enumerate(
        {
            "damaged": "SHA-256 is another",
            "foreign": "takes age height, and a row of the data set 'diabetes' brings age sex",
            "absent": "no model absent",
        }.items(),
        start=3,
    ):
        change(store, bad)
        tell(vhost)
        (said,) = eventually(follows(store, number), f"a report of change {number}")
        assert said.live == "ridge-1"
        assert why in said.problem
        assert ask(vhost, bad)[0] == "ridge-1"

    model.kill()
    change(store, "ridge-1")
    again = start("model")
    eventually(again.is_up, "the model")
    assert ask(vhost, "b")[0] == "ridge-1"
    assert len(store.models()) == 4


@pytest.mark.usefixtures("model")
def test_a_candidate_predicts_the_same_rows_beside_it(store: ModelStore, vhost: Vhost) -> None:
    own_id = store.models()[0].model_id
    put_model(store, "ridge-1", candidate := Ridge(0.01))
    change(store, own_id, shadow="ridge-1")
    tell(vhost)
    eventually(follows(store, 2), "a report of change 2")
    live = ask(vhost, "a")
    tried = told(vhost, "a", "y_pred_shadow")
    assert (live[0], tried) == (own_id, ("ridge-1", of(candidate)))
    assert live[1] != tried[1]

    change(store, own_id)
    tell(vhost)
    eventually(follows(store, 3), "a report of change 3")
    ask(vhost, "b")
    assert vhost.depth("y_pred_shadow") == 0


@pytest.mark.usefixtures("model")
def test_a_row_on_which_a_candidate_fails_is_told_too(store: ModelStore, vhost: Vhost) -> None:
    own_id = store.models()[0].model_id
    put_model(store, "fragile", files={SKOPS: skops.io.dumps(fragile_estimator())})
    change(store, own_id, shadow="fragile")
    tell(vhost)
    eventually(follows(store, 2), "a report of change 2")
    strange = [*ROW[:9], 1.0]
    vhost.put("features", json.dumps({"id": ["a", "b"], "body": [ROW, strange]}).encode())
    properties, body = vhost.wait_for("y_pred_shadow")
    assert properties.headers["model_id"] == "fragile"
    tried = json.loads(body)
    assert (tried["id"], tried["body"][1]) == (["a", "b"], None)
    assert 25 < tried["body"][0] < 346
    assert vhost.depth("dead_letters") == 0


@pytest.mark.usefixtures("model")
def test_what_was_said_while_it_was_away_is_heard(store: ModelStore, vhost: Vhost) -> None:
    put_model(store, "ridge-1")
    change(store, "ridge-1")
    eventually(vhost.close_connections, "its connections")  # nobody tells: it looks by itself
    eventually(follows(store, 2), "a report of change 2")
    assert ask(vhost, "a")[0] == "ridge-1"


def test_without_its_store_it_waits_and_takes_nothing(
    start: Callable[..., Service], vhost: Vhost, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("in the way")
    model = start("model")
    eventually(lambda: "waiting for the model store" in model.log(), "a warning")
    assert not model.is_up()
    (tmp_path / "models").unlink()
    eventually(model.is_up, "the model")
    assert ask(vhost, "a")[0]
