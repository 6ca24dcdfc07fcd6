"""POST /predict with a model_id: any stored model answers, and its labels stay with the jobs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import skops.io
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline import dataset
from pipeline.model_store.records import SKOPS, Model
from pipeline.model_store.skops_model import TRUSTED_TYPES
from pipeline.model_store.store import ModelStore
from pipeline.queues import FEATURES_BY_MODEL, Y_TRUE
from support.gateway_client import MEASURED, SCALED, WAIT, Gateway
from support.service import Service
from support.stored_models import damage, put_model, put_model_of
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]
StartGateway = Callable[..., Gateway]

NINE = ["s6", "bmi", "age", "bp", "s1", "s2", "s3", "s4", "s5"]  # without sex, in another order
FLOWER = [5.1, 3.5, 1.4, 0.2]


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(str(tmp_path / "models"))


@pytest.fixture
def gateway(start: Start, start_gateway: StartGateway, store: ModelStore) -> Gateway:
    start("model-by-id")
    return start_gateway(model_store=store.url)


def ask(gateway: Gateway, model_id: str, data: Any, **more: Any) -> Any:
    return gateway.predict(data, WAIT, model_id=model_id, **more).json()


def stored(store: ModelStore, model_id: str) -> Any:
    """The model in the store, loaded without any code of ours."""
    return skops.io.load(Path(store.url, "models", model_id, SKOPS), trusted=TRUSTED_TYPES)


def put_nine(store: ModelStore) -> Model:
    return put_model_of(store, "diabetes", Path(), Ridge(0.1), "nine", features=NINE)


def problem(answer: Any) -> tuple[int, str]:
    detail = answer.json()["detail"]
    return answer.status_code, detail if isinstance(detail, str) else detail[0]["msg"]


def test_nine_columns_by_name_as_measured_in_order_and_many(
    gateway: Gateway, store: ModelStore
) -> None:
    put_nine(store)
    scaled = dict(zip(MEASURED, SCALED, strict=True))
    (wanted,) = stored(store, "nine").predict([[scaled[name] for name in NINE]])
    by_name = {name: MEASURED[name] for name in NINE}
    job = ask(gateway, "nine", by_name, units="raw")
    assert (job["status"], job["model_id"], job["asked_model"]) == ("completed", "nine", "nine")
    assert job["prediction"] == pytest.approx(wanted)
    in_order = [scaled[name] for name in NINE]
    jobs = ask(gateway, "nine", [in_order] * 3, id=["a", "b", 7])["jobs"]
    assert [job["job_id"] for job in jobs] == ["a", "b", "7"]
    assert [job["prediction"] for job in jobs] == pytest.approx([wanted] * 3)
    columns = gateway.http.get("/models/nine/schema").json()["columns"]
    assert [column["name"] for column in columns] == NINE


def test_a_model_of_another_data_set_is_asked_by_its_own_schema_and_its_label_is_a_class(
    gateway: Gateway, store: ModelStore, vhost: Vhost
) -> None:
    put_model_of(store, "iris", Path(), LogisticRegression(max_iter=1000), "flowers")
    job = ask(gateway, "flowers", FLOWER)
    (wanted,) = stored(store, "flowers").predict_proba([FLOWER])
    assert list(job["probabilities"].values()) == pytest.approx(wanted)
    assert job["prediction"] == "setosa"
    refused = problem(gateway.label(job["job_id"], 151))
    assert refused == (
        422,
        "Input should be one of the classes setosa versicolor virginica, and is 151",
    )
    taken = gateway.label(job["job_id"], "setosa")
    assert (taken.status_code, taken.json()["makes_row"]) == (202, False)
    known = gateway.job(job["job_id"]).json()
    assert known["label"] == "setosa"
    assert known["absolute_error"] == pytest.approx(1 - wanted[0])
    assert vhost.depth(Y_TRUE) == 0, "no half waits for a row that never comes"
    assert problem(gateway.label(job["job_id"], "virginica"))[0] == 409


def test_labels_at_once_are_taken_all_or_none(
    gateway: Gateway, store: ModelStore, vhost: Vhost
) -> None:
    put_nine(store)
    job_id = ask(gateway, "nine", {name: MEASURED[name] for name in NINE}, units="raw")["job_id"]
    taken = gateway.http.post("/labels", json={"id": [job_id, "later", 4711], "value": [1, 2, 3]})
    assert taken.status_code == 202
    assert [each["makes_row"] for each in taken.json()["labels"]] == [False, True, True]
    _, body = vhost.wait_for(Y_TRUE)
    assert json.loads(body) == {"id": ["later", "4711"], "body": [2, 3]}
    refused = gateway.http.post("/labels", json={"id": ["new", "later"], "value": [1, 9]})
    assert problem(refused) == (409, "another true value was sent for later before: 2")
    assert gateway.label("new", 5).status_code == 202, "it was not taken"
    for wrong, said in (
        ({"id": ["x", "y"], "value": [1]}, "1 values for 2 ids"),
        ({"id": ["x", "x"], "value": [1, 1]}, "an id occurs twice"),
        ({"id": ["x", "y"], "value": [1, "high"]}, "Input should be a valid number, and is 'high'"),
    ):
        assert problem(gateway.http.post("/labels", json=wrong)) == (422, said)


WRONG: list[tuple[Any, int, str]] = [
    ({"model_id": "gone", "data": SCALED}, 404, "there is no model gone: the list of models"),
    ({"model_id": "shadow", "data": SCALED}, 404, "there is no shadow model"),
    ({"model_id": "no id", "data": SCALED}, 422, "String should match pattern"),
    ({"model_id": "nine", "data": SCALED}, 422, "a row has 9 values (s6 bmi age"),
    ({"model_id": "nine", "data": [*SCALED[:8], "x"]}, 422, "valid number, and is 'x'"),
    ({"model_id": "nine", "data": {**MEASURED}, "units": "raw"}, 422, "not permitted"),
    ({"model_id": "nine"}, 422, "Field required"),
    ({"instances": [SCALED]}, 422, '"instances" is not known here: send {"data": [a row'),
    ({"inputs": []}, 422, '"inputs" is not known here: send {"data": [a row'),
    ([SCALED], 422, 'a list is no request: send {"data": [a row'),
]


def test_what_is_wrong_is_told_before_anything_is_asked(
    start_gateway: StartGateway, store: ModelStore, vhost: Vhost
) -> None:
    put_nine(store)
    gateway = start_gateway(model_store=store.url)
    for body, status, said in WRONG:
        answer = gateway.http.post("/predict", json=body)
        assert problem(answer)[0] == status, body
        assert said in problem(answer)[1]
    # A wrong value is named by that model's column.
    answer = gateway.predict([*SCALED[:8], "x"], model_id="nine")
    assert answer.json()["detail"][0]["loc"] == ["body", "data", "s5"]
    assert vhost.depth(FEATURES_BY_MODEL) == 0


def test_a_damaged_model_is_the_reason_of_the_job(gateway: Gateway, store: ModelStore) -> None:
    put_model(store, "broken")
    damage(store, "broken")
    job = ask(gateway, "broken", SCALED)
    assert (job["status"], job["prediction"], job["asked_model"]) == ("failed", None, "broken")
    assert "models/broken/model.skops is not the stored file" in job["reason"]


def test_the_same_row_asked_of_another_model_is_another_question(
    gateway: Gateway, store: ModelStore
) -> None:
    put_model(store, "one", Ridge(0.01))
    put_model(store, "two", Ridge(10))
    first = ask(gateway, "one", SCALED, id="row")
    assert ask(gateway, "one", SCALED, id="row") == first
    assert problem(gateway.predict(SCALED, model_id="two", id="row"))[0] == 409
    assert problem(gateway.predict(SCALED, id="row"))[0] == 409


def test_one_that_nobody_takes_in_time_fails_and_says_so(
    start_gateway: StartGateway, store: ModelStore
) -> None:
    put_model(store, "one")
    gateway = start_gateway(model_store=store.url, job_ttl=2)
    jobs = gateway.predict([SCALED] * 2, model_id="one").json()["jobs"]
    assert [job["status"] for job in jobs] == ["processing"] * 2
    for job in jobs:
        ended = gateway.ended(job["job_id"])
        assert (ended["status"], ended["reason"]) == ("failed", "not answered within JOB_TTL")


def test_another_model_that_answers_in_its_place_makes_the_job_fail(
    start_gateway: StartGateway, store: ModelStore, vhost: Vhost
) -> None:
    put_model(store, "one")
    gateway = start_gateway(model_store=store.url)
    job_id = gateway.predict(SCALED, model_id="one").json()["job_id"]
    properties, body = vhost.wait_for(FEATURES_BY_MODEL)
    assert json.loads(body) == {"id": job_id, "body": pytest.approx(SCALED)}
    assert (properties.headers["ask_model"], properties.reply_to) == ("one", "answers")
    told = b'{"id": "%s", "body": 150}' % job_id.encode()
    vhost.put("answers", told, headers={"ask_model": "one", "model_id": "live"})
    ended = gateway.ended(job_id)
    assert (ended["status"], ended["reason"]) == ("failed", "another model has answered: live")


def test_its_queue_is_bounded_by_itself(
    start_gateway: StartGateway, store: ModelStore, vhost: Vhost
) -> None:
    put_model(store, "one")
    gateway = start_gateway(model_store=store.url, max_queue=2)
    row = dataset.holdout().features[0].tolist()

    def is_full() -> bool:
        return bool(gateway.predict(row, model_id="one").status_code == 429)

    eventually(is_full, "a queue that is full")
    assert vhost.depth(FEATURES_BY_MODEL) <= 20
    assert gateway.predict(row).status_code == 202, "the live model's has room"
    assert "gateway_by_model_queue_messages" in gateway.http.get("/metrics").text
