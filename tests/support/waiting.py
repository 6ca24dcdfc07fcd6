"""Waiting for conditions with a deadline, and a clock that tests set."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 120.0  # where nothing is measured: for a machine with much else to do


STOP_SECONDS = 10.0  # within which a service ends that is asked to


T = TypeVar("T")


def eventually(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Waits until `look` gives something true, and returns it; fails naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        if found := look():
            return found
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


class Clock:
    """A clock that stands still until it is set, in seconds."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds
