"""A gateway of a data set with columns of all types and odd names, missing values, and classes."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from pipeline.messages import new_id
from pipeline.table.schema import Schema
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.api_checks import CHECKS, examples
from support.gateway_client import WAIT, Gateway
from support.service import Service
from support.tables import DESCRIPTION, houses, write_data_set
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

ROOMS, AREA, TOWN, REMARKS = range(4)
SOLD: dict[str, Any] = DESCRIPTION | {
    "task": "classification",
    "target": {"name": "sold", "title": "Sold", "classes": ["no", "yes, at once"]},
    "columns": [
        {"name": "__class__", "type": "number", "least": 1, "most": 12, "lowest": 0, "step": 1},
        {"name": "area, m²", "type": "number", "missing": True},
        {
            "name": "города",
            "type": "category",
            "values": ["Basel", "Bern", "Chur"],
            "missing": True,
        },
        {"name": "model_id", "type": "text"},
    ],
}
NAMES = [column["name"] for column in SOLD["columns"]]
ROW: list[Any] = [4, 98.5, "Bern", "old lake"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the services; rows.csv is in datasets/houses."""
    folder = tmp_path_factory.mktemp("houses")
    rows = [
        [*row[:REMARKS], row[REMARKS] or "none", "yes, at once" if row[ROOMS] > 6 else "no"]
        for row in houses()
    ]
    write_data_set(folder / "datasets", rows, SOLD)
    return folder


@pytest.fixture(scope="module")
def gateway(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, folder: Path
) -> Iterator[Gateway]:
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    settings = {
        "amqp_url": vhost.amqp_url, "logs_dir": folder, "redis_url": redis_server.url,
        "gateway_port": 0, "model_store": folder / "models", "training_url": vhost.amqp_url,
        "dataset": "houses", "datasets_dir": folder / "datasets",
    }  # fmt: skip
    services = [Service(name, folder, **settings) for name in ("model", "metric", "gateway")]
    try:
        gateway = Gateway(services[2])
        gateway.wait_until_well()
        yield gateway
        gateway.close()
    finally:
        for service in services:
            service.kill()
            print(f"--- {service.name}\n{service.log()}")
        vhost.delete()


def test_a_row_is_predicted_by_order_and_by_name_and_its_label_makes_an_error(
    gateway: Gateway, folder: Path
) -> None:
    job = gateway.predict(ROW, WAIT).json()
    assert job["status"] == "completed", job
    by_class = job["probabilities"]
    assert set(by_class) == {"no", "yes, at once"}
    assert sum(by_class.values()) == pytest.approx(1)
    assert job["prediction"] == max(by_class, key=by_class.__getitem__) == "no"
    assert (job["warnings"], job["label"], job["absolute_error"]) == ([], None, None)
    named = gateway.predict([dict(zip(NAMES, ROW, strict=True))], WAIT).json()["jobs"][0]
    assert named["probabilities"] == pytest.approx(by_class)
    answer = gateway.label(job["job_id"], "yes, at once")
    assert (answer.status_code, answer.json()) == (
        202,
        {"job_id": job["job_id"], "label": "yes, at once", "makes_row": True, "warnings": []},
    )
    refused = gateway.label(job["job_id"], "no")
    assert refused.status_code == 409
    assert "before: yes, at once" in refused.json()["detail"]
    told = gateway.job(job["job_id"]).json()
    assert told["label"] == "yes, at once"
    assert told["absolute_error"] == pytest.approx(1 - by_class["yes, at once"])

    log = folder / "houses" / "metric_log.csv"

    def row() -> list[list[str]]:
        with log.open(newline="") as file:
            return [row for row in csv.reader(file) if row[0] == job["job_id"]]

    eventually(log.exists, "the log")
    ((_, y_true, y_pred, error),) = eventually(row, "its row")
    assert (y_true, y_pred) == ("yes, at once", "no")
    assert float(error) == told["absolute_error"]


def test_what_is_missing_is_null_or_left_out(gateway: Gateway) -> None:
    rows = [{"__class__": 4, "area, m²": None, "города": None, "model_id": "old"},
            {"__class__": 4, "model_id": "old"}]  # fmt: skip
    key = {"Idempotency-Key": new_id()}
    jobs = [gateway.predict(row, key | WAIT).json() for row in rows]
    assert jobs[0] == jobs[1], "they are one request"
    assert jobs[0]["status"] == "completed"
    listed = gateway.predict([[4, None, None, "old"], [4, None, "", "old"]], WAIT).json()["jobs"]
    assert [job["probabilities"] for job in listed] == [jobs[0]["probabilities"]] * 2


def test_values_that_the_data_set_does_not_have_are_answered_with_a_warning(
    gateway: Gateway,
) -> None:
    job = gateway.predict([12.5, 1e6, "Zug", "new"], WAIT).json()
    assert job["status"] == "completed"
    assert job["warnings"] == [
        "__class__ is 12.5, outside the data set's range of 1 to 12: the prediction is a guess",
        'города is "Zug", and the data set has only Basel Bern Chur: the prediction is a guess',
    ]
    assert gateway.job(job["job_id"]).json() == job
    for rooms in (1, 12):
        assert gateway.predict([rooms, None, None, "old"]).json()["warnings"] == []


REFUSED: list[tuple[Any, list[Any], str]] = [
    ([-1, *ROW[1:]], ["data", "__class__"], "it cannot be -1: it is 0 or more"),
    ([ROW, [-1, *ROW[1:]]], ["data", 1, "__class__"], "it cannot be -1"),
    (["4", *ROW[1:]], ["data", "__class__"], "valid number, and is '4'"),
    ([[True, *ROW[1:]]], ["data", 0, "__class__"], "valid number, and is True"),
    ([None, *ROW[1:]], ["data", "__class__"], "valid number, and is null"),
    ([*ROW[:3], None], ["data", "model_id"], "valid string, and is null"),
    ([*ROW[:3], ""], ["data", "model_id"], "at least 1 character"),
    ([4, 1, 5, "old"], ["data", "города"], "valid string, and is 5"),
    ([4, 1, "x" * 101, "old"], ["data", "города"], "at most 100 characters"),
    (ROW[:3], ["data"], "a row has 4 values (__class__ 'area, m²' города model_id), and not 3"),
    ([ROW, []], ["data", 1], "and not 0"),
    ("4", ["data"], "a row is a list of 4 values"),
    ({"__class__": 4}, ["data", "model_id"], "required"),
    ({"__class__": 4, "model_id": "a", "c2": "Bern"}, ["data", "c2"], "not permitted"),
    ({"__class__": 4, "model_id": 5}, ["data", "model_id"], "valid string, and is 5"),
]


@pytest.mark.parametrize(("data", "place", "text"), REFUSED)
def test_a_row_that_cannot_be_is_refused_at_its_place(
    gateway: Gateway, data: Any, place: list[Any], text: str
) -> None:
    answer = gateway.predict(data)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", *place]
    assert text in problem["msg"]


def test_units_are_refused_where_no_column_has_any_other(gateway: Gateway) -> None:
    answer = gateway.predict(ROW, units="scaled")
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", "units"]
    assert 'leave "units" out' in problem["msg"]


@pytest.mark.parametrize("value", ["maybe", "", 1, None, True, 10**400, "\ud800", ["no"]])
def test_a_label_that_is_no_class_is_refused_with_the_classes(gateway: Gateway, value: Any) -> None:
    answer = gateway.post(f"/label/{new_id()}", json.dumps({"value": value}).encode())
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == ["body", "value"]
    assert "one of the classes no 'yes, at once'" in problem["msg"]


def test_a_thousand_rows_with_long_texts_are_a_thousand_jobs(gateway: Gateway) -> None:
    rows = [[number % 12 + 1, None, "Bern", "lake, " * 500] for number in range(1000)]
    answer = gateway.predict(rows, WAIT)
    assert answer.status_code == 200, answer.text[:1000]
    assert {job["status"] for job in answer.json()["jobs"]} == {"completed"}
    for data in ([*ROW[:3], "a" * 70_000], [[*ROW[:3], "a" * 5_000]] * 1000):
        refused = gateway.predict(data)
        assert refused.status_code == 413
        assert "in a message, and at most" in refused.json()["detail"]


def test_its_description_is_of_this_data_set(gateway: Gateway) -> None:
    described = gateway.http.get("/openapi.json").json()["components"]["schemas"]
    assert list(described["NamedRow"]["properties"]) == NAMES
    assert described["NamedRow"]["required"] == ["__class__", "model_id"]
    assert list(described["PredictRequest"]["properties"]) == ["data", "id"]
    assert described["Label"]["properties"]["value"]["enum"] == SOLD["target"]["classes"]
    for body in described["PredictRequest"]["examples"]:
        body.pop("id", None)
        answer = gateway.http.post("/predict", json=body, headers=WAIT).json()
        for job in answer.get("jobs", [answer]):
            assert (job["status"], job["warnings"]) == ("completed", [])
    for page in ("/", "/docs", "/links", "/changes", "/models", "/health", "/metrics"):
        assert gateway.http.get(page).is_success, page


def test_a_held_out_row_can_be_asked(gateway: Gateway) -> None:
    schema = msgspec.json.decode(gateway.http.get("/schema").content, type=Schema)
    row = gateway.http.get("/rows/random").json()
    assert list(row["values"]) == schema.names
    job = gateway.predict(row["values"], WAIT).json()
    assert (job["status"], job["warnings"]) == ("completed", [])
    assert gateway.label(job["job_id"], row["label"]).status_code == 202


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
@pytest.mark.parametrize("path", ["/predict", "/label/{job_id}"])
def test_what_is_asked_is_answered_as_described(
    gateway: Gateway, path: str, mode: GenerationMode
) -> None:
    described = schemathesis.openapi.from_url(f"{gateway.address}openapi.json")
    more = [negative_data_rejection] if mode == GenerationMode.NEGATIVE else []

    @examples(25)
    @given(case=described[path]["POST"].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(timeout=PATIENCE_SECONDS)
        case.validate_response(answer, checks=[*CHECKS, *more])

    ask()
