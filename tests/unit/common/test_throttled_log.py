"""What a loop warns of again and again is told at once, and then once a minute with a count."""

import logging

import pytest

from pipeline.throttled_log import INTERVAL_SECONDS, MAX_KEYS, LogThrottle, LogThrottleFilter
from support.waiting import Clock


def test_it_is_told_at_once_and_then_once_a_minute_with_a_count() -> None:
    clock = Clock()
    seldom = LogThrottle(clock)
    counts = []
    for _ in range(4 * int(INTERVAL_SECONDS)):
        counts.append(seldom.count("full"))
        clock.seconds += 0.5
    assert [count for count in counts if count] == [1, INTERVAL_SECONDS * 2]
    assert seldom.count("another", 7) == 7
    assert [seldom.count(key) for key in range(2 * MAX_KEYS)] == [1] * 2 * MAX_KEYS


def test_a_library_is_heard_once_a_minute_too(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    log = logging.getLogger("a library")
    log.addFilter(LogThrottleFilter(clock))
    with caplog.at_level(logging.INFO, log.name):
        for number in range(140):
            log.warning("%d %% failed", number)
            log.info("not counted")
        clock.seconds += INTERVAL_SECONDS
        log.warning("%d %% failed", 7)
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert warnings == ["0 % failed", "7 % failed (140 times)"]
    assert caplog.text.count("not counted") == 140
