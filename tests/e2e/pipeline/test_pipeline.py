"""The services as processes, joined by a real broker, killed and started again."""

import json
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from chaos import crash_at
from pipeline import dataset
from pipeline.model_store.store import ModelStore
from support.rows import read_rows, row_count
from support.service import Service
from support.stored_models import change, put_model
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]


def test_every_row_is_joined_and_all_end_with_status_0(start: Start, tmp_path: Path) -> None:
    model, metric = start("model"), start("metric")
    features = start("features", stream_rate=0, stream_count=1000)
    assert features.wait() == 0
    eventually(lambda: row_count(tmp_path) == 1000, "1000 rows")
    assert len(read_rows(tmp_path)) == 1000
    assert (model.stop(), metric.stop()) == (0, 0)
    assert features.counts()["rows"] == model.counts()["rows"] == metric.counts()["joined"] == 1000
    assert metric.counts()["pending_y_true"] == metric.counts()["pending_y_pred"] == 0


def test_errors_are_those_of_the_model(start: Start, tmp_path: Path) -> None:
    for service in ("model", "metric"):
        start(service)
    start("features", stream_rate=0, stream_count=2000, stream_seed=1)
    eventually(lambda: row_count(tmp_path) == 2000, "2000 rows")
    assert read_rows(tmp_path)["absolute_error"].mean() == pytest.approx(47.5, abs=3)


def test_row_batches_give_the_same_rows(start: Start, tmp_path: Path) -> None:
    for service in ("model", "metric"):
        start(service)
    start("features", stream_rate=0, stream_count=1003, stream_batch=50)
    eventually(lambda: row_count(tmp_path) == 1003, "1003 rows")
    assert len(read_rows(tmp_path)) == 1003


@pytest.mark.parametrize("batch", [1, 7])
def test_a_seed_repeats_rows_and_order(start: Start, vhost: Vhost, batch: int) -> None:
    def streamed() -> list[object]:
        assert start("features", stream_rate=0, stream_count=50, stream_seed=42,
                     stream_batch=batch).wait() == 0  # fmt: skip
        values: list[object] = []
        while found := vhost.get("features"):
            body = json.loads(found[1])["body"]
            values += body if batch > 1 else [body]
        return values

    first, second = streamed(), streamed()
    assert len(first) == 50
    assert first == second


def test_kill_9_of_each_service_loses_and_doubles_nothing(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    running = {name: start(name) for name in ("model", "metric")}
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    with vhost.channel() as channel:  # a candidate that says what the model says
        channel.queue_bind("y_pred_shadow", "edge.y_pred")
    features = start("features", stream_rate=1500, stream_count=8000)
    dice = random.Random(7)
    for _ in range(5):
        name = dice.choice(["model", "metric"])
        time.sleep(dice.uniform(0.2, 1.0))  # a moment, any moment
        running[name].kill()
        running[name] = start(name)
    assert features.wait() == 0
    metric = running["metric"]
    waiting = ("pending_y_true", "pending_y_pred", "pending_y_pred_shadow")
    eventually(lambda: row_count(tmp_path) == 8000, "8000 rows")
    eventually(lambda: not any(metric.counts().get(half, 1) for half in waiting), "all halves")
    assert metric.stop() == 0
    tried = pd.read_csv(tmp_path / "metric_log_shadow.csv", dtype={"id": str})
    both = read_rows(tmp_path).merge(tried, on="id", validate="1:1", suffixes=("", "_tried"))
    assert len(both) == len(tried) == 8000
    assert np.allclose(both["absolute_error"], both["absolute_error_tried"])
    assert (both["absolute_error"] == both["live_absolute_error"]).all()
    assert (both["model_id"] == both["live_model_id"]).all()


def test_late_labels_wait_in_the_broker_and_predictions_in_metric(
    start: Start, tmp_path: Path
) -> None:
    metric, model = start("metric"), start("model")
    eventually(lambda: metric.is_up() and model.is_up(), "both, before the first label comes")
    start("features", stream_rate=0, stream_count=200, label_delay=4)
    eventually(lambda: metric.counts().get("pending_y_pred", 0) > 100, "pending predictions")
    eventually(lambda: row_count(tmp_path) == 200, "200 rows")
    assert list(read_rows(tmp_path)["id"]) != sorted(read_rows(tmp_path)["id"])


def test_the_labels_log_has_each_value(start: Start, tmp_path: Path, vhost: Vhost) -> None:
    start("metric")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    vhost.put("y_true", b'{"id":"a","body":151.0}')
    log = tmp_path / "labels_log.txt"
    eventually(lambda: log.exists() and log.read_text(), "a line")
    moment, queue, row_id, value = log.read_text().split()
    assert (queue, row_id, value) == ("y_true", "a", "151")
    assert moment.endswith("Z")


def test_clean_start_after_all_files_are_removed(
    start: Start, tmp_path: Path, vhost: Vhost
) -> None:
    for _ in range(2):
        metric = start("metric")
        eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
        vhost.put("y_true", b'{"id":"a","body":1}')
        vhost.put("y_pred", b'{"id":"a","body":3}')
        eventually(lambda: row_count(tmp_path) == 1, "the row")
        assert metric.stop() == 0
        for pattern in ("metric_*", "labels_log*", "unmatched*"):
            for path in tmp_path.glob(pattern):
                if path.suffix != ".log":
                    path.unlink()


def test_a_file_saved_over_or_taken_away_is_begun_anew(
    start: Start, tmp_path: Path, vhost: Vhost
) -> None:
    metric, csv = start("metric"), tmp_path / "metric_log.csv"
    eventually(csv.exists, "the file")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    vhost.put("y_true", b'{"id":"a","body":1}')
    csv.write_text("id;y_true\n")
    vhost.put("y_pred", b'{"id":"a","body":3}')
    eventually(lambda: row_count(tmp_path) == 1, "the row in a new file")
    assert (tmp_path / "metric_log.1.csv").read_text() == "id;y_true\n"
    csv.unlink()
    for row_id in ("b", "c"):
        vhost.put("y_true", b'{"id":"%s","body":1}' % row_id.encode())
        vhost.put("y_pred", b'{"id":"%s","body":3}' % row_id.encode())
    eventually(lambda: row_count(tmp_path) == 2, "the others in a third")
    assert csv.read_text().startswith("id,y_true,y_pred,absolute_error\n")
    assert "metric_log.csv was changed by something else: it was deleted" in metric.log()
    assert metric.stop() == 0


def test_a_state_taken_away_ends_metric_with_a_line(
    start: Start, tmp_path: Path, vhost: Vhost
) -> None:
    metric = start("metric")
    eventually((tmp_path / "metric_log.csv").exists, "the file")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    (tmp_path / "metric_state.sqlite3").unlink()
    vhost.put("y_true", b'{"id":"a","body":1}')
    assert metric.wait() == 1
    assert "metric_state.sqlite3 was moved or removed while metric was running" in metric.log()
    start("metric")
    vhost.put("y_pred", b'{"id":"a","body":3}')
    eventually(lambda: row_count(tmp_path) == 1, "the row, nothing lost")


def test_a_prediction_says_when_its_features_were_published(start: Start, vhost: Vhost) -> None:
    start("model")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    body = b'{"id":"a","body":[0,0,0,0,0,0,0,0,0,0]}'
    vhost.put("features", body, headers={"timestamp_in_ms": 1_795_000_000_123})
    properties, _ = vhost.wait_for("y_pred")
    assert properties.headers["features_timestamp_in_ms"] == 1_795_000_000_123
    assert properties.headers["timestamp_in_ms"] > 1_795_000_000_123 - 10**10


CRASH_AT = Path(crash_at.__file__)
ONCE_CONFIRMED = [CRASH_AT, "once the predictions are confirmed", "1"]


def test_who_asks_is_answered_by_the_very_publish_that_makes_the_row(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    def start_and_wait() -> Service:
        model = start("model")
        eventually(model.is_up, "the model, and with it all queues")
        return model

    assert start_and_wait().stop() == 0
    store = ModelStore(str(tmp_path / "models"))
    put_model(store, "ridge", Ridge())
    with vhost.channel() as channel:
        channel.queue_declare("mine")
        channel.queue_bind("mine", "replies", "mine")
    body = json.dumps({"id": "a", "body": dataset.holdout().features[0].tolist()})
    vhost.put("features", body.encode(), reply_to="mine", correlation_id="a")
    assert start("model", runner=ONCE_CONFIRMED).wait() == -signal.SIGKILL
    change(store, "ridge")
    model = start_and_wait()  # another one, which is given the row again
    eventually(lambda: model.counts().get("rows", 0) > 0, "its answer")
    assert model.stop() == 0
    answers, predictions = told(vhost, "mine"), told(vhost, "y_pred")
    assert answers == predictions
    assert predictions.keys() == {"a"}


def told(vhost: Vhost, queue: str) -> dict[str, tuple[str, float]]:
    """Of each id the first prediction in a queue, which holds: its model, and what it says."""
    first: dict[str, tuple[str, float]] = {}
    while found := vhost.get(queue):
        message = json.loads(found[1])
        first.setdefault(message["id"], (found[0].headers["model_id"], message["body"]))
    return first
