"""What the queue `answers` brings, and what a request to a model by its id is as a dead letter."""

import json
import time
from collections.abc import Iterable
from typing import Any

import pytest
from pika.spec import BasicProperties

from pipeline.broker.batch import EXPIRED, Batch, Delivery
from pipeline.broker.outgoing import of_letter, of_message
from pipeline.messages import Message, Refusal
from pipeline.queues import ANSWERS, FEATURES_BY_MODEL
from support.readers import READERS

BY_BROKER = {"x-first-death-reason": "expired", "x-first-death-queue": "features.by_model"}


def delivery(body: Any, queue: str = ANSWERS, tag: int = 1, **properties: Any) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Delivery(queue, tag, raw, BasicProperties(**properties), queue)


def batch(*deliveries: Delivery) -> Batch:
    def nothing(*_: object) -> None: ...

    return Batch([*deliveries], nothing, nothing, True, nothing, nothing)


def answers(body: Any, **headers: Any) -> tuple[list[Message[Any]], list[Refusal], list[Any]]:
    return batch(delivery(body, headers=headers)).decode_answers(READERS)


@pytest.mark.parametrize("value", [1.5, "setosa", {"setosa": 0.25, "other": 0.75}])
def test_a_model_that_was_asked_may_be_of_another_data_set(value: Any) -> None:
    (message,), refusals, bad = answers({"id": "a", "body": value}, ask_model="m", model_id="m")
    assert (message.values, message.ask_model, message.model_id) == ([value], "m", "m")
    assert (refusals, bad) == ([], [])


def test_without_a_model_asked_it_is_a_prediction_of_our_own_data_set() -> None:
    good, refusals, (bad,) = answers({"id": "a", "body": "setosa"}, model_id="m")
    assert (good, refusals) == ([], [])
    assert "is no number" in bad.reason


@pytest.mark.parametrize("value", [None, True, [1], {"a": "b"}])
def test_an_answer_that_is_no_prediction_of_any_is_a_dead_letter(value: Any) -> None:
    good, refusals, (bad,) = answers({"id": "a", "body": value}, ask_model="m")
    assert (good, refusals) == ([], [])
    assert (bad.ask_model, bad.queue) == ("m", ANSWERS)


def test_each_row_of_a_request_that_nobody_took_is_refused() -> None:
    rows = {"id": ["a", "B", 5], "body": [[1, "x"], {"town": None}, "y"]}
    good, refusals, bad = answers(rows, **BY_BROKER, ask_model="m")
    assert (good, bad) == ([], [])
    assert refusals == [Refusal(row_id, EXPIRED, None) for row_id in ("a", "B", "5")]


def test_a_body_without_an_id_is_refused_by_its_correlation_id() -> None:
    for body in (b"\xff", b"[]", b'{"id": []}', b"{}"):
        each = delivery(body, headers=BY_BROKER, correlation_id="Job-1")
        assert batch(each).decode_answers(READERS)[1] == [Refusal("Job-1", EXPIRED, None)]


def test_a_batch_that_is_refused_as_a_whole_is_refused_for_each_row() -> None:
    _, refusals, _ = answers({"id": ["a", "b"], "body": [1]}, **{"x-reason": "no batch"})
    assert refusals == [Refusal("a", "no batch", None), Refusal("b", "no batch", None)]
    _, (one,), _ = answers({"id": "a", "body": 7}, **{"x-reason": "another prediction"})
    assert one == Refusal("a", "another prediction", 7.0)


@pytest.mark.parametrize(
    ("sent_before_in_ms", "expiration", "is_late"),
    [(5000, "1000", True), (0, "60000", False), (5000, None, False), (5000, "", False),
     (5000, "soon", False), (5000, "²", False), (None, "1", False)],
)  # fmt: skip
def test_late_is_what_the_broker_would_have_let_go(
    sent_before_in_ms: int | None, expiration: str | None, is_late: bool
) -> None:
    now = int(time.time() * 1000)
    sent = {} if sent_before_in_ms is None else {"timestamp_in_ms": now - sent_before_in_ms}
    assert delivery({}, headers=sent, expiration=expiration).is_late is is_late


def test_a_part_is_acknowledged_alone() -> None:
    acked: list[tuple[str, int]] = []

    def ack(some: Iterable[tuple[str, int]]) -> None:
        acked.extend(some)

    def now(action: Any) -> None:
        action()

    def never() -> None:
        raise AssertionError

    three = [delivery({}, tag=tag) for tag in (1, 2, 3)]
    whole = Batch(three, never, never, True, ack, now)
    whole.part(three[1:]).ack()
    assert acked == [(ANSWERS, 2), (ANSWERS, 3)]
    whole.part(three[:1]).ack_when_confirmed()
    assert acked[2:] == [(ANSWERS, 1)]


def test_a_dead_letter_of_a_request_by_id_can_be_asked_again() -> None:
    request = Message(
        ["a"], [[1]], queue=FEATURES_BY_MODEL, raw=b"raw", reply_to=ANSWERS, correlation_id="c",
        ask_model="m",
    )  # fmt: skip
    sent = of_letter("tester", request.dead_letter(0, "why"))
    assert (sent.exchange, sent.routing_key, sent.body) == ("edge.dead_letters", ANSWERS, b"raw")
    assert (sent.properties.reply_to, sent.properties.correlation_id) == (ANSWERS, "c")
    assert (sent.properties.headers or {})["ask_model"] == "m"
    answer = of_message("tester", "replies", ANSWERS, request.answer(["a"], [1.0], "m"), False)
    assert not answer.mandatory
    headers = answer.properties.headers or {}
    assert (headers["model_id"], headers["ask_model"]) == ("m", "m")


def test_a_dead_letter_of_the_stream_names_nobody() -> None:
    row = Message(["a"], [[1]], queue="features", raw=b"raw", reply_to=ANSWERS)
    sent = of_letter("tester", row.dead_letter(0, "why"))
    assert sent.properties.reply_to is None
    assert "ask_model" not in (sent.properties.headers or {})
