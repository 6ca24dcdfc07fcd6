"""A producer and a consumer as courses have them: the usual tutorial code, to run beside ours."""

import json
import random
from datetime import UTC, datetime
from typing import Any

import pika


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
