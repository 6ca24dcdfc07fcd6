"""Services written as the courses do, in place of ours, in both directions."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.course_services import consume, produce
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]


def test_a_course_producer_feeds_our_model_and_metric(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    model, metric = (start(name, queue_durable="false") for name in ("model", "metric"))
    produce(vhost.amqp_url, 100)
    eventually(lambda: row_count(tmp_path) == 100, "100 rows")
    assert len(read_rows(tmp_path)) == 100
    assert (model.stop(), metric.stop()) == (0, 0)
    assert "WARNING" not in model.log() + metric.log()


def test_our_features_feed_a_course_consumer(start: Start, vhost: Vhost) -> None:
    received: list[dict[str, dict[Any, Any]]] = []
    consumer = threading.Thread(target=lambda: received.append(consume(vhost.amqp_url, 100)))
    consumer.start()
    eventually(lambda: vhost.depth("features") >= 0, "the consumer")
    features = start("features", queue_durable="false", stream_rate=0, stream_count=100)
    assert features.wait() == 0
    consumer.join(40)
    (rows,) = received
    assert rows["y_true"].keys() == rows["features"].keys()
    assert len(rows["y_true"]) == 100
    assert all(len(vector) == 10 for vector in rows["features"].values())
