"""What is said of halves that leave: how many, how old, and how often."""

import logging

import pytest

from half import Half
from support.waiting import Clock
from unmatched import Unmatched, UnmatchedLog, by_queue


def test_the_age_is_that_of_the_youngest() -> None:
    halves = [Half(str(n), queue, 1, n * 1000) for n in range(3) for queue in ("y_true", "y_pred")]
    assert by_queue("let_go", halves[:-1], 5000) == [
        Unmatched("y_true", "let_go", 3, 3000), Unmatched("y_pred", "let_go", 2, 4000),
    ]  # fmt: skip
    assert by_queue("expired", [], 5000) == []


def test_a_reason_is_logged_at_once_and_then_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    log = UnmatchedLog(clock)
    caplog.set_level(logging.INFO)
    for clock.seconds in range(130):
        left = Unmatched("y_true", "let_go", 1000, 90_000 - 1000 * int(clock.seconds))
        log.add([left] if clock.seconds < 70 else [])
    said = (
        "halves of y_true went to unmatched.csv, as more than MAX_PENDING waited; the youngest was"
    )
    assert caplog.messages == [
        f"1,000 {said} 90.0 s old", f"60,000 {said} 30.0 s old", f"9,000 {said} 21.0 s old",
    ]  # fmt: skip


def test_each_queue_and_reason_has_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    log = UnmatchedLog(Clock())
    caplog.set_level(logging.INFO)
    log.add([Unmatched("y_true", "let_go", 1, 0), Unmatched("y_true", "expired", 2, 0)])
    log.add([Unmatched("y_pred", "let_go", 3, 0), Unmatched("y_true", "let_go", 4, 0)])
    levels = [(record.levelname, record.getMessage().split()[0]) for record in caplog.records]
    assert levels == [("WARNING", "1"), ("INFO", "2"), ("WARNING", "3")]
