"""Whatever the gateway needs, and itself, killed under load: what was answered with 202 stays.

None of those jobs is lost, none ever has another prediction, and each with its label is a row.
"""

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random

import pytest

from chaos import crash_at
from chaos.report import Report
from chaos.serving import Serving
from chaos.streams import Stream, Tries, a_moment, moments
from rabbitmq import PrivateRabbitMQ
from redis_server import REDIS, PrivateRedis
from support import Service, Vhost, events, eventually

pytestmark = pytest.mark.timeout(3600)

CRASH_AT = Path(crash_at.__file__)
MOST_TIMES = 20  # within so many the point is reached


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[PrivateRedis]:
    """One of this test's own: others do not see it die."""
    REDIS.install_if_missing()
    with PrivateRedis(tmp_path / "redis") as redis:
        yield redis


@pytest.fixture
def serving(
    start: Callable[..., Service],
    redis: PrivateRedis,
    tmp_path: Path,
    model_path: Path,
    dice: Random,
) -> Serving:
    """Not yet started."""
    return Serving(start, redis, tmp_path, model_path, dice)


def test_kill_9_of_a_gateway(serving: Serving, report: Report, dice: Random, tries: Tries) -> None:
    """One of two that share the work; then the only one, that starts again at its port."""
    serving.open(2, "model", "metric")
    line = report.line("`kill -9` of one of two gateways")
    with serving.load(line) as strike:
        for _ in moments(dice, tries(20)):
            name = dice.choice(["gateway 1", "gateway 2"])
            strike(serving.services[name].kill)
            serving.start(name)
            serving.wait_for(name)
    line = report.line("`kill -9` of the only gateway")
    serving.leave("gateway 2")
    with serving.load(line) as strike:
        for _ in moments(dice, tries(20)):
            if dice.random() < 0.3:  # also while it starts
                serving.kill_and_start("gateway 1")
                line.tries += 1
                a_moment(dice)
            strike(partial(serving.kill_and_start, "gateway 1"))


def test_kill_9_of_the_gateway_at_a_named_point(
    serving: Serving, report: Report, dice: Random, tries: Tries
) -> None:
    serving.open(1, "model", "metric")
    for point in crash_at.POINTS["gateway"]:
        line = report.line(f"`kill -9` of gateway {point}")
        with serving.load(line) as strike:
            for _ in range(tries(10)):
                assert serving.services["gateway 1"].stop() == 0
                nth = dice.randint(1, MOST_TIMES)
                doomed = serving.start("gateway 1", runner=[CRASH_AT, point, str(nth)])
                assert doomed.wait() == -signal.SIGKILL
                strike(partial(serving.start, "gateway 1"))


def test_kill_9_of_what_the_gateway_needs(
    rabbitmq: PrivateRabbitMQ,
    redis: PrivateRedis,
    serving: Serving,
    report: Report,
    dice: Random,
    tries: Tries,
) -> None:
    def kill(server: PrivateRabbitMQ | PrivateRedis) -> None:
        server.kill()
        a_moment(dice, most=1)
        server.start()

    serving.open(1, "model", "metric")
    faults: list[tuple[str, int, Callable[[], object]]] = [
        ("Redis", 30, partial(kill, redis)),
        ("model", 20, partial(serving.kill_and_start, "model")),
        ("the broker", 10, partial(kill, rabbitmq)),
    ]
    for name, in_a_long_run, fault in faults:
        line = report.line(f"`kill -9` of {name} under requests")
        with serving.load(line) as strike:
            for _ in moments(dice, tries(in_a_long_run)):
                strike(fault)


def test_orderly_restarts_under_requests(
    rabbitmq: PrivateRabbitMQ,
    redis: PrivateRedis,
    serving: Serving,
    report: Report,
    dice: Random,
    tries: Tries,
) -> None:
    def restart(server: PrivateRabbitMQ | PrivateRedis) -> None:
        server.stop()
        server.start()

    serving.open(1, "model", "metric")
    faults: list[Callable[[], object]] = [
        partial(serving.stop_and_start, "gateway 1"),
        partial(serving.stop_and_start, "model"),
        partial(restart, redis),
        partial(restart, rabbitmq),
    ]
    line = report.line("gateway, model, Redis, broker restarted in good order, under requests")
    with serving.load(line) as strike:
        for _ in range(tries(5)):
            for fault in dice.sample(faults, len(faults)):
                a_moment(dice)
                strike(fault)


def test_a_stream_of_events_outlives_redis(
    redis: PrivateRedis, vhost: Vhost, serving: Serving
) -> None:
    """Who listens is told in the end, on the same connection."""
    serving.open(1)
    caller = serving.caller("gateway 1")
    assert caller.persist("POST", "/predict", {"data": [0.0] * 10, "id": "patient-7"})[0] == 202
    with caller.answer_to("GET", "/job/patient-7/events", None, {}) as answer:
        assert next(answer).startswith(b"event: job")
        redis.kill()
        eventually(lambda: next(answer).startswith(b":"), "a sign of life without Redis")
        redis.start()
        vhost.put("answers", b'{"id": "patient-7", "body": 151.5}')
        assert [job["prediction"] for _, job in events(answer)][-1:] == [151.5]
    assert "Traceback" not in serving.services["gateway 1"].log()


def test_the_stream_goes_on_without_redis(
    redis: PrivateRedis,
    stream: Stream,
    serving: Serving,
    report: Report,
    dice: Random,
    tries: Tries,
) -> None:
    """Nothing but the gateway depends on it, and that says so."""
    line = report.line("Redis away: the stream of rows")
    stream.open(rate=200)
    serving.open(1)
    for _ in moments(dice, tries(10)):
        stream.strike(line, redis.kill)
        eventually(lambda: serving.status("gateway 1") == 503, "the gateway to notice")
        stream.see_more(400)  # of two seconds
        redis.start()
        serving.wait_for("gateway 1")
    stream.finish(line)
