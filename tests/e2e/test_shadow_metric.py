"""metric joins what a shadow candidate says with the same labels, whatever dies."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from support import Service, Vhost, eventually, read_rows, row_count

Start = Callable[..., Service]

HEADER = "id,y_true,y_pred,absolute_error,model_id,live_model_id,live_absolute_error"


def shadow_lines(logs_dir: Path) -> list[str]:
    path = logs_dir / "metric_log_shadow.csv"
    return path.read_text().splitlines()[1:] if path.exists() else []


def test_a_candidate_is_scored_on_the_same_labels(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    metric = start("metric")
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    candidate = {"model_id": "ridge-7f3a9c2b41de"}
    vhost.put("y_pred_shadow", b'{"id":["a","b",5],"body":[148,"150",70.5]}', headers=candidate)
    vhost.put("y_pred", b'{"id":["a",5.0],"body":[150.5,72]}', headers={"model_id": "live"})
    properties, body = vhost.wait_for("dead_letters")
    assert properties.headers["x-source-queue"] == "y_pred_shadow"
    assert body == b'{"id":"b","body":"150"}'
    eventually(lambda: metric.counts().get("pending_y_pred_shadow") == 2, "what waits")
    vhost.put("y_true", b'{"id":["a",5],"body":[151,71]}')
    eventually(lambda: metric.counts().get("shadow_joined") == 2, "the rows")
    assert metric.stop() == 0
    assert (tmp_path / "metric_log_shadow.csv").read_text().splitlines() == [
        HEADER,
        "a,151,148,3,ridge-7f3a9c2b41de,live,0.5",
        "5,71,70.5,0.5,ridge-7f3a9c2b41de,live,1",
    ]
    received = (tmp_path / "labels_log.txt").read_text().splitlines()
    assert [line.split()[1:] for line in received if "shadow" in line] == [
        ["y_pred_shadow", "a", "148"], ["y_pred_shadow", "5", "70.5"],
    ]  # fmt: skip


def test_kill_9_of_metric_loses_and_doubles_no_row_of_a_candidate(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    metric = start("metric")
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    with vhost.channel() as channel:  # the candidate says what the model says
        channel.queue_bind("y_pred_shadow", "edge.y_pred")
    start("model")
    features = start("features", stream_rate=1500, stream_count=2000)
    dice = random.Random(7)
    for rows in (400, 1200):
        eventually(lambda rows=rows: row_count(tmp_path) > rows, f"{rows} rows")  # type: ignore[misc]
        time.sleep(dice.uniform(0, 0.2))  # a moment, any moment
        metric.kill()
        metric = start("metric")
    assert features.wait(60) == 0
    eventually(lambda: row_count(tmp_path) == 2000, "2000 rows", 60)
    eventually(lambda: len(shadow_lines(tmp_path)) == 2000, "2000 rows of the candidate")
    assert metric.stop() == 0
    assert metric.counts()["pending_y_pred_shadow"] == 0
    of_candidate = pd.read_csv(tmp_path / "metric_log_shadow.csv", dtype={"id": str})
    both = read_rows(tmp_path).merge(of_candidate, on="id", validate="1:1", suffixes=("", "_2"))
    assert len(both) == 2000
    assert (both["absolute_error"] == both["absolute_error_2"]).all()
    assert (both["absolute_error"] == both["live_absolute_error"]).all()
    assert (both["model_id"] == both["live_model_id"]).all()
