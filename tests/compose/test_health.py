"""A container that is broken shows as unhealthy; one that is done stays done."""

from compose.stack import SERVICES, Stack, wait_for
from support.rows import row_count


def test_services_without_a_broker_and_a_hung_one_are_unhealthy(stack: Stack) -> None:
    stack.configure()
    stack.up()
    stack.signal("plot", "STOP")
    stack.compose("stop", "rabbitmq")
    unhealthy = dict.fromkeys(SERVICES, "unhealthy")
    try:
        wait_for(lambda: stack.health() == unhealthy, "all services unhealthy")
    finally:
        stack.signal("plot", "CONT")
    stack.up()
    stack.wait_for_rows(5)


def test_a_finished_stream_is_not_started_over(stack: Stack) -> None:
    stack.clear()
    stack.configure(STREAM_RATE=0, STREAM_COUNT=100)
    stack.compose("up", "-d")
    wait_for(lambda: row_count(stack.logs) == 100, "100 rows")
    features = wait_for(
        lambda: (found := stack.containers()["features"])["State"]["Status"] == "exited" and found,
        "the end of features",
    )
    assert features["State"]["ExitCode"] == 0
    assert features["RestartCount"] == 0
    stack.wait_until_healthy()
    assert stack.containers()["features"]["State"] == features["State"]
    assert len(stack.rows()) == 100
