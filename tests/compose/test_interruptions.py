"""Stopped, restarted or killed under a stream of 200 rows/s: no row is lost, none doubled.

The truth comes from queues of our own at the edges: each id that the broker accepted on both is one
row; an id that it accepted on one only (its producer was killed in between) is a pending half.
"""

from collections.abc import Callable
from functools import partial

import pytest

from compose.stack import SERVICES, Stack, Tap, wait_for


@pytest.fixture(scope="module")
def tap(stack: Stack) -> Tap:
    stack.clear()
    stack.configure(STREAM_RATE=200)
    stack.up("rabbitmq")
    tap = Tap(stack, "y_true", "features")
    stack.up()
    return tap


def restart(service: str, stack: Stack) -> None:
    stack.compose("restart", service)


def kill(service: str, stack: Stack) -> None:
    restarts = stack.containers()[service]["RestartCount"]
    stack.signal(service, "KILL")
    wait_for(
        lambda: stack.containers()[service]["RestartCount"] > restarts, f"{service} started again"
    )


def stop_and_up(how: str, stack: Stack) -> None:
    stack.compose(how)
    stack.compose("up", "-d")


INTERRUPTIONS = {
    **{f"restart {name}": partial(restart, name) for name in ("rabbitmq", *SERVICES)},
    **{f"kill -9 {name}": partial(kill, name) for name in SERVICES},
    **{f"{how}, up": partial(stop_and_up, how) for how in ("stop", "down")},
}


@pytest.mark.parametrize("interrupt", INTERRUPTIONS.values(), ids=INTERRUPTIONS.keys())
def test_nothing_is_lost_or_doubled(
    stack: Stack, tap: Tap, interrupt: Callable[[Stack], object]
) -> None:
    stack.compose("up", "-d")
    stack.wait_for_rows(100)
    interrupt(stack)
    stack.wait_for_rows(400)
    stack.compose("stop", "features")  # it ends when all that it published is confirmed

    labels, features = tap.ids("y_true"), tap.ids("features")
    halves = {"pending_y_true": len(labels - features), "pending_y_pred": len(features - labels)}
    wait_for(lambda: stack.rows().keys() == labels & features, "each id a row")
    wait_for(lambda: halves.items() <= stack.counts("metric").items(), f"pending: {halves}")


def test_in_the_end_nothing_waits_and_the_picture_shows_all(stack: Stack, tap: Tap) -> None:
    stack.compose("up", "-d")
    stack.wait_for_rows(100)
    stack.compose("stop", "features")
    rows = len(tap.ids("y_true") & tap.ids("features"))
    wait_for(lambda: stack.counts("plot").get("rows") == rows, "all rows in the picture")
    wait_for(lambda: not any(stack.queue_depths().values()), "all queues empty")
    stack.wait_until_healthy()
