"""Trainings that are refused: of a wrong shape, or without the broker that is to have them."""

import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from redis import Redis

import threads
from pipeline.messages import new_id
from pipeline.training import QUEUE
from redis_server import PrivateRedis
from support.gateway_client import SCALED, TRAINING, Gateway
from support.vhost import Vhost
from trainings.task_queue import MAX_WAITING

StartGateway = Callable[..., Gateway]


@pytest.mark.parametrize(
    "fields",
    [
        {"dataset_id": "../etc/passwd"},
        {"dataset_id": "a" * 65},
        {"dataset_id": None},
        {"features": []},
        {"features": ["bmi", "bmi"]},
        {"features": ["bmi", "target"]},
        {"features": [f"x{number}" for number in range(501)]},
        {"features": ["a" * 101]},
        {"features": ["a\nb"]},
        {"features": ["\x85"]},
        {"features": "bmi"},
        {"target": ""},
        {"algorithm": "boosting"},
        {"params": {"alpha": [1]}},
        {"params": {"alpha": "a" * 65}},
        {"params": {"alpha": 10**400}},
        {"params": {"__class__": 1}},
        {"params": {f"p{number}": 1 for number in range(21)}},
        {"param": {}},
    ],
)
def test_what_does_not_fit_is_refused(gateway: Gateway, fields: dict[str, Any]) -> None:
    answer = gateway.train(**fields)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize(
    ("fields", "place", "reason"),
    [
        (
            {"features": ["bmi", "size"]},
            ["features", 1],
            "the data set 'diabetes' has no column 'size': it has age sex bmi",
        ),
        ({"target": "bmi"}, ["target"], "the target of the data set 'diabetes' is 'target'"),
        (
            {"algorithm": "logistic"},
            ["algorithm"],
            "no algorithm 'logistic' for regression: there is linear, ridge, random_forest, hist_",
        ),
        (
            {"dataset_id": "iris", "features": ["petal_width"], "target": "species"},
            ["algorithm"],
            "no algorithm 'linear' for classification: there is logistic, ",
        ),
        (
            {"dataset_id": "iris", "features": ["bmi"], "target": "species"},
            ["features", 0],
            "the data set 'iris' has no column 'bmi'",
        ),
    ],
)
def test_what_no_trainer_could_do_is_refused_at_once(
    gateway: Gateway, fields: dict[str, Any], place: list[Any], reason: str
) -> None:
    answer = gateway.train(**({"algorithm": "linear", "params": {}} | fields))
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert detail["loc"] == ["body", *place]
    assert reason in detail["msg"]


def test_numbers_that_json_does_not_have_are_refused(gateway: Gateway) -> None:
    for number in (b"NaN", b"1e400"):
        body = msgspec.json.encode(TRAINING).replace(b"0.5", number)
        assert gateway.post("/train", body).status_code == 422


def test_without_its_broker_nothing_is_left_and_then_it_is_the_same_job(
    start_gateway: StartGateway, redis_server: PrivateRedis, vhost: Vhost
) -> None:
    """The user has the rights of compose's gateway; of two nodes one never says a word."""
    user, name = vhost.name, f"{vhost.name}-training"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent_url = f"amqp://127.0.0.1:{silent.getsockname()[1]}"
        urls = f"{vhost.url_for(user, 'secret')}-training,{silent_url}"
        gateway = start_gateway(training_url=urls)
        redis = Redis.from_url(redis_server.url)
        before = set(redis.scan_iter("training:*"))
        begin = time.monotonic()
        answer = gateway.train(key := new_id())
        assert time.monotonic() - begin < threads.SECONDS
        assert answer.status_code == 503
        assert "the broker accepts no trainings" in answer.json()["detail"]
        assert set(redis.scan_iter("training:*")) == before
        redis.close()
        assert gateway.predict(SCALED).status_code == 202, "the other broker is there"
        vhost.manage("PUT", f"users/{user}", {"password": "secret", "tags": ""})
        vhost.manage("PUT", f"vhosts/{name}")
        try:
            right = f"^{QUEUE}$"
            rights = {"configure": right, "write": right, "read": right}
            vhost.manage("PUT", f"permissions/{name}/{user}", rights)
            assert gateway.train(key).status_code == 202
            queue = vhost.manage("GET", f"queues/{name}/{QUEUE}")
            assert queue["arguments"]["x-queue-type"] == "quorum"
        finally:
            vhost.manage("DELETE", f"vhosts/{name}")
            vhost.manage("DELETE", f"users/{user}")
    assert "Traceback" not in gateway.service.log()


def test_no_more_are_taken_than_can_be_trained_in_time(
    start_gateway: StartGateway, redis_server: PrivateRedis, vhost: Vhost
) -> None:
    gateway = start_gateway(training_url=vhost.amqp_url)
    first = gateway.train(key := new_id())
    assert first.status_code == 202
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for _ in range(MAX_WAITING - 1):
            channel.basic_publish("", QUEUE, b"of others")
    with Redis.from_url(redis_server.url) as redis:
        before = set(redis.scan_iter("training:*"))
        answer = gateway.train(other := new_id())
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0
        assert f"the limit is {MAX_WAITING}" in answer.json()["detail"]
        assert set(redis.scan_iter("training:*")) == before, "what is refused leaves nothing behind"
    again = gateway.train(key)
    assert (again.status_code, again.json()["job_id"]) == (202, first.json()["job_id"])
    vhost.get(QUEUE)
    assert gateway.train(other).status_code == 202
