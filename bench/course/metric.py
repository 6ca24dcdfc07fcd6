"""metric, as a course has it: dictionaries by id, and a row appended when both halves are there."""

import json
import os
from typing import Any

import pika

LOG = "logs/metric_log.csv"

y_true: dict[float, float] = {}
y_pred: dict[float, float] = {}

os.makedirs("logs", exist_ok=True)
with open(LOG, "w") as log:
    log.write("id,y_true,y_pred,absolute_error\n")

connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
channel = connection.channel()
channel.queue_declare(queue="y_true")
channel.queue_declare(queue="y_pred")


def callback(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
    message = json.loads(body)
    message_id = message["id"]
    if method.routing_key == "y_true":
        y_true[message_id] = message["body"]
    else:
        y_pred[message_id] = message["body"]
    if message_id in y_true and message_id in y_pred:
        label, prediction = y_true.pop(message_id), y_pred.pop(message_id)
        with open(LOG, "a") as log:
            log.write(f"{message_id},{label},{prediction},{abs(label - prediction)}\n")


channel.basic_consume(queue="y_true", on_message_callback=callback, auto_ack=True)
channel.basic_consume(queue="y_pred", on_message_callback=callback, auto_ack=True)
channel.start_consuming()
