"""Whatever the gateway needs, and itself, killed under load: what was answered with 202 stays.

None of those jobs is lost, none ever has another prediction, and each with its label is a row.
"""

import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

import pytest

from chaos import crash_at
from chaos.report import Report
from chaos.serving import Serving
from chaos.streams import Stream, Tries, a_moment, moments
from rabbitmq import PrivateRabbitMQ
from redis_server import PrivateRedis
from support.pages import events
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)

CRASH_AT = Path(crash_at.__file__)
MAX_TIMES = 20  # within so many the point is reached


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


def test_kill_9_of_one_of_two_gateways(
    serving: Serving, report: Report, dice: Random, tries: Tries
) -> None:
    serving.open(2, "model", "metric")
    line = report.line("`kill -9` of one of two gateways")
    with serving.load(line) as strike:
        for _ in moments(dice, tries(20), 0.5, 2):
            name = dice.choice(["gateway 1", "gateway 2"])
            strike(serving.services[name].kill)
            serving.start(name)
            serving.wait_for(name)


def test_kill_9_of_the_gateway_at_a_named_point(
    serving: Serving, report: Report, dice: Random, tries: Tries
) -> None:
    serving.open(1, "model", "metric")
    for point in crash_at.POINTS["gateway"]:
        line = report.line(f"`kill -9` of gateway {point}")
        with serving.load(line) as strike:
            for _ in range(tries(10)):
                assert serving.services["gateway 1"].stop() == 0
                nth = dice.randint(1, MAX_TIMES)
                doomed = serving.start("gateway 1", runner=[CRASH_AT, point, str(nth)])
                assert doomed.wait() == -signal.SIGKILL
                strike(partial(serving.start, "gateway 1"))


def test_kills_and_restarts_under_requests(
    rabbitmq: PrivateRabbitMQ,
    redis: PrivateRedis,
    serving: Serving,
    report: Report,
    dice: Random,
    tries: Tries,
) -> None:
    """Of the only gateway, and of all that it needs: at their ports and with their data again."""

    def kill(server: PrivateRabbitMQ | PrivateRedis) -> None:
        server.kill()
        a_moment(dice, most=1)
        server.start()

    def restart(server: PrivateRabbitMQ | PrivateRedis) -> None:
        server.stop()
        server.start()

    serving.open(1, "model", "metric")
    kills: dict[str, Sequence[Callable[[], object]]] = {
        "the only gateway": tries(20) * [partial(serving.kill_and_start, "gateway 1")],
        "model, under requests": tries(10) * [partial(serving.kill_and_start, "model")],
        "Redis, under requests": tries(30) * [partial(kill, redis)],
        "the broker, under requests": tries(10) * [partial(kill, rabbitmq)],
    }
    restarts: list[Callable[[], object]] = [
        partial(serving.stop_and_start, "gateway 1"),
        partial(serving.stop_and_start, "model"),
        partial(restart, redis),
        partial(restart, rabbitmq),
    ]
    faults = {f"`kill -9` of {what}": strikes for what, strikes in kills.items()}
    faults["restarts of these in good order, under requests"] = tries(5) * restarts
    for fault, strikes in faults.items():
        line = report.line(fault)
        with serving.load(line) as strike:
            for each in dice.sample(strikes, len(strikes)):
                a_moment(dice, 0.5, 2)
                strike(each)


def test_a_stream_of_events_ends_in_good_order_without_redis(
    redis: PrivateRedis, vhost: Vhost, serving: Serving
) -> None:
    """Who listens comes again, and is told in the end."""
    serving.open(1)
    caller = serving.caller("gateway 1")
    assert caller.persist("POST", "/predict", {"data": [0.0] * 10, "id": "patient-7"})[0] == 202
    listen = partial(caller.answer_to, "GET", "/job/patient-7/events", None, {})
    with listen() as answer:
        assert next(answer).startswith(b"event: job")
        redis.kill()
        answer.read()  # a stream cut off would be an error
    redis.start()
    serving.wait_for("gateway 1")
    vhost.put("answers", b'{"id": "patient-7", "body": 151.5}')
    with listen() as answer:
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
