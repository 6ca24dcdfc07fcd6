"""metric joins what a shadow candidate says with the same labels."""

from collections.abc import Callable
from pathlib import Path

from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]

HEADER = "id,y_true,y_pred,absolute_error,model_id,live_model_id,live_absolute_error"


def test_a_candidate_is_scored_on_the_same_labels(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    metric = start("metric")
    eventually(lambda: vhost.depth("y_pred_shadow") >= 0, "the queues")
    candidate = {"model_id": "ridge-7f3a9c2b41de"}
    vhost.put("y_pred_shadow", b'{"id":["a","b",5],"body":[148,"150",70.5]}', headers=candidate)
    vhost.put("y_pred_shadow", b'{"id":["f"],"body":[null]}', headers=candidate)
    vhost.put("y_pred", b'{"id":["a",5.0],"body":[150.5,72]}', headers={"model_id": "live"})
    properties, body = vhost.wait_for("dead_letters")
    assert properties.headers["x-source-queue"] == "y_pred_shadow"
    assert body == b'{"id":"b","body":"150"}'
    eventually(lambda: metric.counts().get("pending_y_pred_shadow") == 3, "what waits")
    vhost.put("y_true", b'{"id":["a",5],"body":[151,71]}')
    eventually(lambda: metric.counts().get("shadow_joined") == 2, "the rows")
    vhost.put("y_pred", b'{"id":"f","body":70}', headers={"model_id": "live"})
    vhost.put("y_true", b'{"id":"f","body":71}')
    eventually(lambda: metric.counts().get("shadow_joined") == 3, "a row without a number")
    assert metric.stop() == 0
    assert (tmp_path / "metric_log_shadow.csv").read_text().splitlines() == [
        HEADER,
        "a,151,148,3,ridge-7f3a9c2b41de,live,0.5",
        "5,71,70.5,0.5,ridge-7f3a9c2b41de,live,1",
        "f,71,inf,inf,ridge-7f3a9c2b41de,live,1",
    ]
    received = (tmp_path / "labels_log.txt").read_text().splitlines()
    assert [line.split()[1:] for line in received if "shadow" in line] == [
        ["y_pred_shadow", "a", "148"], ["y_pred_shadow", "5", "70.5"],
        ["y_pred_shadow", "f", "inf"],
    ]  # fmt: skip
