"""features, as a course has it: a connection for each row, which carries both of its messages.

Only the sleep of 10 seconds between two rows is left out: it would be all that is measured.
"""

import json
import os
from datetime import datetime

import numpy as np
import pika
from sklearn.datasets import load_diabetes

X, y = load_diabetes(return_X_y=True)

while True:
    random_row = np.random.randint(0, X.shape[0])
    message_id = datetime.timestamp(datetime.now())

    connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
    channel = connection.channel()
    channel.queue_declare(queue="y_true")
    channel.queue_declare(queue="features")

    message_y_true = {"id": message_id, "body": y[random_row]}
    message_features = {"id": message_id, "body": list(X[random_row])}
    channel.basic_publish(exchange="", routing_key="y_true", body=json.dumps(message_y_true))
    channel.basic_publish(exchange="", routing_key="features", body=json.dumps(message_features))
    connection.close()
