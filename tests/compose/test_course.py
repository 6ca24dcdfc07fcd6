"""docker-compose.course.yml: together with services written as the courses do, from outside."""

import threading
from typing import Any

import pytest

from compose.stack import Stack, wait_for
from support.course_services import consume, produce
from support.waiting import PATIENCE_SECONDS


@pytest.fixture(scope="module", autouse=True)
def _course(stack: Stack) -> None:
    stack.clear()
    stack.configure(
        COMPOSE_FILE="docker-compose.yml:docker-compose.course.yml",
        STREAM_RATE=0,
        STREAM_COUNT=100,
    )
    stack.up("rabbitmq")


def test_a_course_producer_feeds_our_model_and_metric(stack: Stack) -> None:
    produce(stack.amqp_url("guest"), 50)  # finds no queues, and declares them
    stack.up("model", "metric")
    produce(stack.amqp_url("guest"), 50)  # finds ours
    wait_for(lambda: len(stack.rows()) == 100, "100 rows")


def test_the_page_sees_the_broker_as_guest(stack: Stack) -> None:
    stack.up("plot")
    stack.wait_until_the_page_sees_the_broker()
    assert stack.pipeline()["queues"].keys() >= {"features", "y_true", "y_pred"}


def test_our_features_feed_a_course_consumer(stack: Stack) -> None:
    stack.compose("stop", "model", "metric")
    received: list[dict[str, dict[Any, Any]]] = []
    consumer = threading.Thread(
        target=lambda: received.append(consume(stack.amqp_url("guest"), 100))
    )
    consumer.start()
    stack.compose("up", "-d", "features")
    consumer.join(PATIENCE_SECONDS)
    (rows,) = received
    assert rows["y_true"].keys() == rows["features"].keys()
    assert len(rows["y_true"]) == 100
