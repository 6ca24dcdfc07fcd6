"""Trainings asked of a trainer as the gateway asks: made once, told of, cancelled, refused."""

import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import SKOPS
from pipeline.training import QUEUE
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.service import Service
from support.trainer_client import ENDED, FILES, SLOW, Trainings, model_of
from support.vhost import Vhost
from support.waiting import eventually

MEMORY = 640  # MB


@pytest.fixture(scope="module")
def trainings(
    rabbitmq: PrivateRabbitMQ, redis_server: PrivateRedis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trainings]:
    """With one trainer that runs: starting takes seconds."""
    vhost = Vhost(rabbitmq.amqp_url, rabbitmq.management_url)
    trainings = Trainings(vhost, redis_server.url, tmp_path_factory.mktemp("trainings"))
    trainings.start(train_memory=MEMORY)
    yield trainings
    trainings.trainer.kill()
    print(trainings.trainer.log())
    vhost.delete()


def test_a_model_is_trained_and_stored_once(trainings: Trainings) -> None:
    requests: list[dict[str, Any]] = [
        {"algorithm": "ridge", "params": {"alpha": 10}},
        {"algorithm": "random_forest", "params": {"n_estimators": 20}},
        {"algorithm": "linear", "features": ["bmi", "age"]},
    ]
    for request, job_id in [(request, trainings.ask(**request)) for request in requests]:
        result = trainings.end_of(job_id)
        model = trainings.store.model(model_of(job_id))
        assert model is not None
        assert model.metrics is not None
        metrics = {name: getattr(model.metrics, name) for name in ("rmse", "mae", "baseline_mae")}
        rows: dict[str, int | None] = {"training_rows": 353, "held_out_rows": 89}
        rows["holdout_rows_seen"] = model.holdout_rows_seen
        assert result == {"model_id": model.model_id} | metrics | rows
        assert 40 < result["mae"] < result["rmse"] < 75
        assert (model.algorithm, model.job_id) == (request["algorithm"], job_id)
        assert trainings.files(job_id) == FILES
        assert trainings.attempts(job_id) == 1
        assert model.holdout_rows_seen == 0
        if len(model.features) == 10:
            content = trainings.store.file(model, SKOPS)
            Predictor.of(content, Path(SKOPS), model.model_id)
        again = trainings.ask(model_id=model.model_id)  # as if the task were handed out again
        assert trainings.end_of(again) == result
        assert trainings.store.model(model.model_id) == model


def test_progress_is_told_and_a_cancelled_training_leaves_no_model(trainings: Trainings) -> None:
    running, waiting, after = trainings.ask(**SLOW), trainings.ask(), trainings.ask()
    assert 0 < trainings.wait_for_fit(running) <= 100
    assert trainings.cancel(waiting)
    assert trainings.cancel(running)
    assert trainings.end_of(after)["model_id"] == model_of(after)
    eventually(lambda: trainings.vhost.depth(QUEUE) == 0, "all are done")
    for job_id in (running, waiting):
        assert trainings.result(job_id).state not in ENDED
        assert trainings.files(job_id) == set()
    assert (trainings.attempts(running), trainings.attempts(waiting)) == (1, 0)


def test_what_cannot_be_trained_fails_with_a_sentence(trainings: Trainings) -> None:
    (trainings.models / "datasets").mkdir(parents=True)
    rows = [f"{x},{x * 2},{'n/a' if x == 7 else x}\n" for x in range(40)]
    table = "x,y,gap\n" + "".join(rows)
    (trainings.models / "datasets" / "line.csv").write_text(table)
    large = b"x,y\n" + b"1,2\n" * 12_000_000
    (trainings.models / "datasets" / "large.csv").write_bytes(large)

    def end(**request: Any) -> Any:
        return trainings.end_of(trainings.ask(**{"dataset_id": "line", "target": "y"} | request))

    good = end(features=["x"], algorithm="linear")
    assert isinstance(good, dict)
    assert good["rmse"] == pytest.approx(0, abs=1e-9)
    reasons: dict[str, dict[str, Any]] = {
        "has no column 'z': it has x, y, gap": {"features": ["x", "z"]},
        "'n/a' in column 'gap', row 8": {"features": ["gap"]},
        "there is no algorithm 'magic'": {"features": ["x"], "algorithm": "magic"},
        "it has alpha": {"features": ["x"], "params": {"alpha": -1}},
        "there is no data set 'lost'": {"features": ["x"], "dataset_id": "lost"},
        f"more than TRAIN_MEMORY={MEMORY} MB": {"features": ["x"], "dataset_id": "large"},
        "there is no algorithm 'logistic' for regression": {
            "features": ["x"],
            "algorithm": "logistic",
        },
    }
    for reason, request in reasons.items():
        error = end(**request)
        assert type(error).__name__ == "TrainingError"
        assert reason in str(error)
    assert isinstance(end(features=["x"]), dict)  # its process goes on after all that


def test_a_store_that_is_away_is_tried_again(trainings: Trainings) -> None:
    trainings.models.mkdir(exist_ok=True)
    away = trainings.models.with_name("away")
    trainings.models.rename(away)
    trainings.models.write_text("a file in place of the folder")
    try:
        job_id = trainings.ask()
        eventually(lambda: trainings.result(job_id).state == "RETRY", "a retry")
    finally:
        trainings.models.unlink()
        away.rename(trainings.models)
    assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
    assert trainings.attempts(job_id) == 1  # it was not killed


class Trap:
    """Unpickled, it writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return np.save, (self.path, 1)


def test_no_pickle_is_read(trainings: Trainings, tmp_path: Path) -> None:
    body = pickle.dumps([[Trap(tmp_path / "trap.npy")], {}, {}])
    headers = {"id": "trap", "task": "train", "lang": "py"}
    trainings.vhost.put(
        QUEUE, body, content_type="application/x-python-serialize", headers=headers,
        content_encoding="binary",
    )  # fmt: skip
    assert trainings.end_of(trainings.ask())
    assert list(tmp_path.iterdir()) == []


GOOD = {"id": "a-task", "task": "train", "lang": "py"}
BODY = [[{}], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
CHAINED: dict[str, Any] = {
    "task": "train",
    "args": [],
    "kwargs": {},
    "options": {},
    "subtask_type": None,
}
# headers, body, and what else is said of a message that is not as the gateway's
HOSTILE: list[tuple[dict[str, Any], Any, dict[str, Any]]] = [
    (GOOD | {"id": ["a", "b"]}, BODY, {}),
    (GOOD | {"id": {"a": 1}}, BODY, {}),
    (GOOD | {"id": 7}, BODY, {}),
    (GOOD | {"id": "a" * 10_000}, BODY, {}),
    ({"task": "train"}, BODY, {}),
    (GOOD | {"task": ["train"]}, BODY, {}),
    (GOOD | {"task": "another"}, BODY, {}),
    (GOOD | {"task": "celery.chord_unlock"}, BODY, {}),
    (GOOD | {"eta": "2099-01-01T00:00:00+00:00"}, BODY, {}),
    (GOOD | {"eta": [1]}, BODY, {}),
    (GOOD | {"expires": "2099-01-01T00:00:00+00:00"}, BODY, {}),
    (GOOD | {"timelimit": ["a", {}]}, BODY, {}),
    (GOOD | {"timelimit": [1, 1]}, BODY, {}),
    (GOOD | {"argsrepr": ["a"]}, BODY, {}),
    (GOOD, 7, {}),
    (GOOD, [], {}),
    (GOOD, [[], {}, {}], {}),
    (GOOD, [[1], {}, {}], {}),
    (GOOD, [[{}], {}, []], {}),
    (GOOD, [[{}], {"a": 1}, {}], {}),
    (GOOD, [[{}], {}, {"chain": [CHAINED]}], {}),
    (GOOD, b"{", {}),
    (GOOD, b"[" * 100_000, {}),
    (GOOD, b"\xff", {}),
    (GOOD, BODY, {"content_type": "text/plain"}),
    (GOOD, BODY, {"content_encoding": "klingon"}),
    (GOOD | {"compression": "application/x-gzip"}, zlib.compress(bytes(2**29), 1), {}),
    (GOOD | {"compression": ["a"]}, BODY, {}),
    ({}, {"task": "train", "id": ["a"], "args": [{}], "kwargs": {}}, {}),
    ({}, {"task": ["train"], "id": "a"}, {}),
    ({}, 7, {}),
]


def test_no_message_ends_the_trainer_or_holds_it_up(trainings: Trainings) -> None:
    before, memory = trainings.ask(), trainings.trainer.peak_memory()
    for headers, content, properties in HOSTILE:
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        said = {"content_type": "application/json", "content_encoding": "utf-8"} | properties
        trainings.vhost.put(QUEUE, body, headers=headers, **said)
    with trainings.vhost.channel() as channel:
        for content in (7, [], {"method": ["a"]}, {"method": "ping", "arguments": 7}):
            channel.basic_publish("celery.pidbox", "", msgspec.json.encode(content))
    assert trainings.end_of(before)["model_id"]
    assert trainings.end_of(trainings.ask())["model_id"]
    assert trainings.trainer.process.poll() is None
    assert trainings.trainer.peak_memory() < memory + 2**27
    assert trainings.vhost.depth(QUEUE) == 0


def test_wrong_settings_end_it_with_a_sentence(tmp_path: Path) -> None:
    trainer = Service("trainer", tmp_path, train_seconds=0, model_store="ftp://models")
    assert trainer.wait() == 2
    assert "TRAIN_SECONDS='0' is not accepted: it must be seconds from 1 to 86400" in trainer.log()
    assert "MODEL_STORE='ftp://models' is not accepted" in trainer.log()
