"""The whole table of bad messages, on each queue: no service stops, and nothing vanishes."""

import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel

from pipeline.messages import id_text
from support.bad_messages import CASES, Case, filled, row
from support.bad_properties import RawHeaders
from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]

LAST = b"the last"
PLAIN = 50  # good messages by themselves, to compare with
MAX_TIMES = 10  # as long as such a one: what a good message behind a bad one may take


def soon(look: Callable[[], Any], what: str) -> Any:
    """As eventually(), but looks again at once: this is asked a thousand times."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.001)
    return found


class Sender:
    """Puts messages on one queue, and takes what comes of them from others."""

    def __init__(self, channel: BlockingChannel, queue: str) -> None:
        self.queue = queue
        self._channel = channel
        channel.confirm_delivery()

    def put(self, template: bytes, properties: dict[str, Any], queue: str = "") -> None:
        raw = properties.get("raw_headers")
        made = RawHeaders(raw) if raw else pika.BasicProperties(**properties)
        queue = queue or self.queue
        self._channel.basic_publish("", queue, filled(template, queue), made, mandatory=True)

    def take(self, queue: str) -> tuple[Any, bytes] | None:
        method, properties, body = self._channel.basic_get(queue, auto_ack=True)
        return None if method is None or body is None else (properties, body)


class Answers:
    """The ids that `model` has answered: those of the predictions."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.ids: set[str] = set()

    def read(self) -> set[str]:
        while found := self._sender.take("y_pred"):
            answered = json.loads(found[1])["id"]
            self.ids |= set(map(id_text, answered if isinstance(answered, list) else [answered]))
        return self.ids


class Rows:
    """The ids that `metric` has joined, of which it gets the other halves before."""

    def __init__(self, sender: Sender, ids: list[bytes], logs_dir: Path) -> None:
        zeros = b",".join([b"0"] * len(ids))
        other_halves = row(b"[" + b",".join(ids) + b"]", b"[" + zeros + b"]")
        sender.put(other_halves, {}, "y_pred" if sender.queue == "y_true" else "y_true")
        self._file = (logs_dir / "metric_log.csv").open()
        self._file.readline()  # the header
        self._rest = ""  # the beginning of a line, caught while it was written
        self.ids: set[str] = set()

    def read(self) -> set[str]:
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        self.ids |= {line.partition(",")[0] for line in lines}
        return self.ids


def has(handled: Answers | Rows, row_id: str) -> bool:
    return row_id in handled.read()


def good(number: int) -> bytes:
    """The id of the good message behind the bad one of this number, or of one by itself."""
    return b'"good-%d"' % number


def check(sender: Sender, case: Case, properties: Any, body: bytes) -> None:
    """A dead letter is the very bytes, with its source, and a reason in words."""
    assert body in [filled(letter, sender.queue) for letter in case.letters], case.name
    assert properties.headers["x-source-queue"] == sender.queue, case.name
    assert case.explains(properties.headers["x-reason"]), case.name
    assert properties.headers["x-reason"].isprintable(), case.name


def put_good(sender: Sender, handled: Answers | Rows, number: int, what: str) -> float:
    """Puts a good message; how many seconds it took."""
    before = time.monotonic()
    sender.put(row(good(number)), {})
    soon(partial(has, handled, f"good-{number}"), what)
    return time.monotonic() - before


def put_one_by_one(
    sender: Sender, cases: list[Case], handled: Answers | Rows, service: Service
) -> list[float]:
    """How long the good message behind each case took."""
    seconds = []
    for number, case in enumerate(cases):
        sender.put(case.template, case.properties)
        seconds.append(put_good(sender, handled, number, f"{case.name}: the next message"))
        assert texts(case.ids) <= handled.ids, f"{case.name} is to be accepted"
        for _ in case.letters:
            check(sender, case, *soon(lambda: sender.take("dead_letters"), case.name))
        assert service.process.poll() is None, case.name
    assert sender.take("dead_letters") is None
    return seconds


def put_at_once(sender: Sender, cases: list[Case]) -> None:
    """All once more, and none waits for another: the same dead letters, in whatever order."""
    for case in cases:
        sender.put(case.template, case.properties)
    sender.put(LAST, {})
    letters = [LAST, *(body for case in cases for body in case.letters)]
    expected = Counter(filled(body, sender.queue) for body in letters)
    found = Counter(
        soon(lambda: sender.take("dead_letters"), "all of them")[1] for _ in expected.elements()
    )
    assert found == expected


def texts(ids: Iterable[bytes]) -> set[str]:
    return {id_text(json.loads(row_id)) for row_id in ids}


def summary(queue: str, cases: list[Case], seconds: list[float], plain: float) -> str:
    """To be seen with `pytest -s`; a crash would have ended the test before."""
    dead_lettered = sum(bool(case.letters) for case in cases)
    return (
        f"\n{queue}: {len(cases)} tried, {len(cases) - dead_lettered} accepted as designed, "
        f"{dead_lettered} dead-lettered, 0 crashed; the next message after "
        f"{statistics.median(seconds) * 1000:.0f} ms, at most {max(seconds) * 1000:.0f} ms "
        f"({plain * 1000:.0f} ms without a bad one before it)"
    )


@pytest.mark.parametrize("queue", ["features", "y_true", "y_pred"])
def test_bad_messages_stop_no_service_and_none_vanishes(
    start: Start, vhost: Vhost, tmp_path: Path, queue: str
) -> None:
    service = start("model" if queue == "features" else "metric")
    eventually(lambda: vhost.depth("dead_letters") >= 0, "the queues")
    cases = [case for case in CASES if queue in case.queues]
    numbers = range(len(cases) + PLAIN)
    ids = [row_id for case in cases for row_id in case.ids] + list(map(good, numbers))
    with vhost.channel() as channel:
        sender = Sender(channel, queue)
        handled = Answers(sender) if queue == "features" else Rows(sender, ids, tmp_path)
        alone = [put_good(sender, handled, n, "a good one") for n in numbers[len(cases) :]]
        seconds = put_one_by_one(sender, cases, handled, service)
        put_at_once(sender, cases)
        assert service.stop() == 0
        assert handled.read() == texts(ids), "nothing else was accepted"
        assert sender.take("dead_letters") is None
    assert vhost.depth(queue) == 0, "all that was put is acknowledged"
    plain = statistics.median(alone)
    print(summary(queue, cases, seconds, plain))
    assert statistics.median(seconds) <= MAX_TIMES * plain
