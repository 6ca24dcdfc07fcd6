"""model, as a course has it: a message at a time, answered on the connection that it came by."""

import json
import os
import pickle
from typing import Any

import numpy as np
import pika

with open("myfile.pkl", "rb") as pkl_file:
    regressor = pickle.load(pkl_file)

connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
channel = connection.channel()
channel.queue_declare(queue="features")
channel.queue_declare(queue="y_pred")


def callback(_channel: Any, _method: Any, _properties: Any, body: bytes) -> None:
    message = json.loads(body)
    prediction = regressor.predict(np.array(message["body"]).reshape(1, -1))
    message_y_pred = {"id": message["id"], "body": prediction[0]}
    channel.basic_publish(exchange="", routing_key="y_pred", body=json.dumps(message_y_pred))


channel.basic_consume(queue="features", on_message_callback=callback, auto_ack=True)
channel.start_consuming()
