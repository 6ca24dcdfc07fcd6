"""Judges by the last seconds of a queue whether its reader keeps up."""

from collections.abc import Sequence
from typing import Literal

WINDOW_SECONDS, STEP_SECONDS = 20, 2  # of history that the broker is asked for
LAG_SECONDS = 2.0  # of arrivals may wait: readers take messages by the batch
MIN_MESSAGES = 10  # fewer are no lag, however slowly they come

Trend = Literal["unknown", "empty", "level", "drains", "behind", "unread", "arriving", "held"]


def judge(depth: float, history: Sequence[float], in_per_second: float) -> Trend:
    """Returns the trend of a queue that held the messages of `history` at even steps, oldest first.

    It falls behind if the least it held in the last third of the time is more than the most in the
    first third, and more waits than arrives in a moment. A burst, or a batch under way, is not
    enough.
    """
    third = len(history) // 3
    if not depth:
        return "empty"
    if third < 2:
        return "unknown"
    before, lately = history[:third], history[-third:]
    if max(lately) < min(before):
        return "drains"
    is_lag = depth > max(MIN_MESSAGES, LAG_SECONDS * in_per_second)
    return "behind" if is_lag and min(lately) > max(before) else "level"


def judge_dead_letters(depth: float, history: Sequence[float]) -> Trend:
    """Returns the trend of a queue that no service reads: what matters is whether more arrive."""
    if history and depth > history[0]:
        return "arriving"
    return "level" if depth else "empty"
