"""Services killed, stopped and asked to end, at any moment: nothing is lost, nothing doubled."""

import signal
import time
from functools import partial
from pathlib import Path
from random import Random

import matplotlib.image
import pytest

from chaos import crash_at
from chaos.report import Report
from chaos.streams import SERVICES, Stream, Tries, a_moment, moments
from support.waiting import eventually

pytestmark = pytest.mark.timeout(3600)


CRASH_AT = Path(crash_at.__file__)
POINTS = [(service, point) for service in ("metric", "model") for point in crash_at.POINTS[service]]
MAX_BATCHES = 40  # within so many the point is reached


def no_consumers(stream: Stream, queue: str) -> bool:
    return stream.vhost.consumers(queue) == 0


@pytest.mark.parametrize("service", ["features", "model", "metric"])
def test_kill_9(stream: Stream, report: Report, dice: Random, tries: Tries, service: str) -> None:
    line = report.line(f"`kill -9` of {service}")
    stream.open(batch=dice.choice([1, 1, 10]))
    for _ in moments(dice, tries(50)):
        if dice.random() < 0.3:  # also while it starts
            line.tries += 1
            stream.kill_and_start(service)
            a_moment(dice)
        stream.strike(line, partial(stream.kill_and_start, service))
    stream.finish(line)


def test_kill_9_of_plot(stream: Stream, report: Report, dice: Random, tries: Tries) -> None:
    line = report.line("`kill -9` of plot (until all is drawn)")
    stream.open()
    picture = stream.folder / "error_distribution.png"
    eventually(picture.exists, "the picture")
    for _ in moments(dice, tries(50), most=0.5):
        stream.kill("plot")
        since = time.monotonic()
        line.tries += 1
        matplotlib.image.imread(picture)  # it is whole
        stream.start("plot")
        line.recoveries.append(stream.redrawn(since))
    stream.finish(line)
    stream.redrawn(0)


@pytest.mark.parametrize(("service", "point"), POINTS)
def test_kill_9_at_a_named_point(
    stream: Stream, report: Report, dice: Random, tries: Tries, service: str, point: str
) -> None:
    line = report.line(f"`kill -9` of {service} {point}")
    stream.open()
    for _ in range(tries(10)):
        stream.stop(service)
        nth = dice.randint(1, MAX_BATCHES)
        doomed = stream.start(service, runner=[CRASH_AT, point, str(nth)])
        assert doomed.wait() == -signal.SIGKILL
        stream.strike(line, partial(stream.start, service))
    stream.finish(line)


def test_sigterm_under_load(stream: Stream, report: Report, dice: Random, tries: Tries) -> None:
    line = report.line("SIGTERM (status 0 within 10 s)")
    stream.open(rate=800)
    for _ in moments(dice, tries(50)):
        service = dice.choice(SERVICES)
        eventually(stream.services[service].is_up, f"{service} to be up")
        stream.strike(line, partial(stream.stop_and_start, service))
    stream.finish(line)


def test_a_service_stands_still(stream: Stream, report: Report, dice: Random, tries: Tries) -> None:
    line = report.line("SIGSTOP for longer than two heartbeats")
    stream.open(rate=200)
    for _ in range(tries(5)):
        service, queue = dice.choice([("model", "features"), ("metric", "y_true")])
        process = stream.services[service].process
        process.send_signal(signal.SIGSTOP)
        eventually(partial(no_consumers, stream, queue), "the broker to give it up")
        stream.strike(line, partial(process.send_signal, signal.SIGCONT))
    stream.finish(line)
