"""Services written as the courses do, in place of ours, in both directions."""

import json
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pika

from support import Service, Vhost, eventually, read_rows, row_count

Start = Callable[..., Service]


def produce(url: str, count: int) -> None:
    """Float timestamps as ids, transient queues by default arguments, a connection a message."""
    dice = random.Random(3)
    for _ in range(count):
        connection = pika.BlockingConnection(pika.URLParameters(url))
        channel = connection.channel()
        channel.queue_declare(queue="y_true")
        channel.queue_declare(queue="features")
        row_id = datetime.timestamp(datetime.now(UTC))
        label = {"id": row_id, "body": dice.uniform(25, 346)}
        features = {"id": row_id, "body": [dice.uniform(-0.1, 0.1) for _ in range(10)]}
        channel.basic_publish(exchange="", routing_key="y_true", body=json.dumps(label))
        channel.basic_publish(exchange="", routing_key="features", body=json.dumps(features))
        connection.close()


def consume(url: str, count: int) -> dict[str, dict[Any, Any]]:
    """Callbacks, auto-ack, one connection, and a dictionary of what came on each queue."""
    received: dict[str, dict[Any, Any]] = {"y_true": {}, "features": {}}
    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()

    def callback(_: Any, method: Any, __: Any, body: bytes) -> None:
        message = json.loads(body)
        received[method.routing_key][message["id"]] = message["body"]
        if all(len(rows) == count for rows in received.values()):
            channel.stop_consuming()

    for queue in received:
        channel.queue_declare(queue=queue)
        channel.basic_consume(queue=queue, on_message_callback=callback, auto_ack=True)
    connection.call_later(30, channel.stop_consuming)
    channel.start_consuming()
    connection.close()
    return received


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
