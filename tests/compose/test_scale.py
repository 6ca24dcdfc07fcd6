"""More copies of a service share its work: `docker compose up -d --scale model=4`."""

import json
import time

import pytest

from compose.stack import Stack, wait_for
from pipeline.broker.prefetch import MAX_PREFETCH
from support.rows import row_count
from support.waiting import eventually

SECONDS_A_ROW = 0.01  # as in slow-model.yml
ROWS = 10_000  # of each features: more than slow models do in the time
FILES = "docker-compose.yml:tests/compose/slow-model.yml"


@pytest.fixture(scope="module", autouse=True)
def _backlog(stack: Stack) -> None:
    """All rows wait in the broker, for a model that is still to come."""
    stack.clear()
    stack.configure(COMPOSE_FILE=FILES, STREAM_RATE=0, STREAM_COUNT=ROWS)
    stack.compose("up", "-d", "--scale=model=0", "--scale=features=2")
    wait_for(lambda: stack.queue_depths()["features"] == 2 * ROWS, "the backlog")


def scale(stack: Stack, models: int) -> None:
    """So many models, each with work in hand. Features, which has ended, is to stay so."""
    stack.compose("up", "-d", "--no-recreate", f"--scale=model={models}", "model", "metric")
    wait_for(lambda: consumers(stack) == models, f"{models} models")


def consumers(stack: Stack) -> int:
    """How many channels consume the queue: a model has several consumers on one."""
    listed = stack.manage("consumers/%2F")
    channels = [c["channel_details"]["name"] for c in listed if c["queue"]["name"] == "features"]
    return len(set(channels))


def after_a_batch(stack: Stack) -> tuple[float, int]:
    """When the rows of the next batch have come, and how many rows there are then.

    A batch comes in parts; where they come without a break, a second is long enough.
    """
    rows = changed_rows = row_count(stack.logs)
    eventually(lambda: row_count(stack.logs) > rows, "the next batch")
    changed = begin = time.monotonic()
    while (now := time.monotonic()) < min(changed + 0.2, begin + 1):
        if row_count(stack.logs) > changed_rows:
            changed, changed_rows = now, row_count(stack.logs)
        time.sleep(0.02)
    return changed, changed_rows


def rate(stack: Stack, models: int) -> float:
    """Rows per second with so many models, from the end of a batch to the end of a batch.

    A model answers all that it was handed at once, which may be many rows: then comes a while with
    none.
    """
    scale(stack, models)
    rows = row_count(stack.logs)
    eventually(lambda: row_count(stack.logs) >= rows + models * MAX_PREFETCH, "a batch of each")
    start, rows = after_a_batch(stack)
    seconds = max(8, 5 * MAX_PREFETCH * SECONDS_A_ROW)
    eventually(lambda: time.monotonic() > start + seconds, "more batches")
    end, rows_at_end = after_a_batch(stack)
    return (rows_at_end - rows) / (end - start)


def test_four_models_do_the_work_of_four(stack: Stack) -> None:
    one = rate(stack, 1)
    four = rate(stack, 4)
    assert stack.queue_depths()["features"] > 400, "there was work for all until the end"
    print(f"\nrows/s with a model that takes {SECONDS_A_ROW * 1000:.0f} ms a row:")
    print(f"1 model: {one:.1f}, 4 models: {four:.1f}, that is {four / one:.2f} times as many")
    assert four / one >= 3.5


def test_each_does_its_share_and_all_rows_come_once(stack: Stack) -> None:
    shares = [rows_of(stack, number) for number in (1, 2, 3, 4)]
    print(f"\nrows of each model: {shares}")
    assert min(shares) > 0
    stack.configure()  # for what is left, models as they are
    stack.compose("up", "-d", "--scale=model=4", "model")
    wait_for(lambda: len(stack.rows()) == 2 * ROWS, "all rows")
    wait_for(lambda: not any(stack.queue_depths().values()), "all queues empty")
    features = stack.replicas("features")
    assert [each["State"]["ExitCode"] for each in features] == [0, 0]


def rows_of(stack: Stack, replica: int) -> int:
    command = ("exec", "-T", f"--index={replica}", "model", "cat", "/tmp/status.json")
    return int(json.loads(stack.compose(*command))["counts"]["rows"])
