"""A long queue before model, and as many labels without a prediction: memory stays bounded."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.report import Report
from pipeline.message_reader import MAX_BATCH_ROWS
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

pytestmark = pytest.mark.timeout(7200)

ROWS_PER_KILL = 5_000  # a million in a long run
ROWS = MAX_BATCH_ROWS
FLOOD, FLOOD_ROWS = 60, 100_000  # messages on a queue, and after how many rows to look
MAX_MEMORY_BYTES = {"metric": 200e6, "features": 400e6, "model": 400e6, "plot": 400e6}  # of 512 MiB


def test_a_backlog(
    start: Callable[..., Service],
    vhost: Vhost,
    tmp_path: Path,
    report: Report,
    pytestconfig: pytest.Config,
) -> None:
    rows = ROWS_PER_KILL * pytestconfig.getoption("--kills")
    patience = 60 + rows / 500
    peaks: dict[str, int] = {}

    def until(condition: Callable[[], bool], what: str, **watched: Service) -> None:
        def look() -> bool:
            time.sleep(0.1)
            for name, service in watched.items():
                if service.process.poll() is None:
                    peaks[name] = max(service.peak_memory(), peaks.get(name, 0))
            return condition()

        eventually(look, what, patience)

    features = start("features", stream_rate=0, stream_count=rows)
    until(lambda: features.process.poll() == 0, "all published", features=features)
    assert vhost.depth("features") == vhost.depth("y_true") == rows
    metric = start("metric")
    until(lambda: metric.counts().get("pending_y_true") == rows, "labels", metric=metric)
    model, plot = start("model"), start("plot")
    until(
        lambda: row_count(tmp_path) == rows and plot.counts().get("rows") == rows,
        "all rows", model=model, metric=metric, plot=plot,
    )  # fmt: skip
    assert len(read_rows(tmp_path)) == rows
    report.note(
        f"peak memory at a backlog of {rows:,} rows, all labels before the first prediction: "
        + ", ".join(f"{name} {peaks[name] / 1e6:.0f} MB" for name in sorted(peaks))
    )
    for name, most in MAX_MEMORY_BYTES.items():
        assert peaks[name] < most, name


def bad_rows(_: int) -> bytes:
    """As many rows as a message may have, in as few bytes, and each a dead letter of its own."""
    return b'{"id":[%b],"body":[%b]}' % (b",".join([b"[]"] * ROWS), b",".join([b"0"] * ROWS))


def good_rows(number: int) -> bytes:
    ids = b",".join(b"%d" % (number * ROWS + row) for row in range(ROWS))
    return b'{"id":[%b],"body":[%b]}' % (ids, b",".join([b"1"] * ROWS))


@pytest.mark.parametrize(
    ("service", "queues", "body"),
    [
        ("metric", ("y_true", "y_pred"), bad_rows),
        ("metric", ("y_true", "y_pred"), good_rows),
        ("model", ("features",), bad_rows),
    ],
)
def test_a_flood_of_short_rows(
    start: Callable[..., Service],
    vhost: Vhost,
    report: Report,
    service: str,
    queues: tuple[str, ...],
    body: Callable[[int], bytes],
) -> None:
    assert start_and_stop(start, vhost, service) == 0
    for number in range(FLOOD):
        for queue in queues:
            vhost.put(queue, body(number))
    flooded = start(service)
    eventually(lambda: sum(flooded.counts().values()) > FLOOD_ROWS, "some of it done")
    peak, since = flooded.peak_memory(), time.monotonic()
    assert flooded.stop() == 0
    report.note(
        f"{service} under {len(queues) * FLOOD} messages of {ROWS:,} rows ({body.__name__}): "
        f"peak memory {peak / 1e6:.0f} MB, SIGTERM took {time.monotonic() - since:.1f} s"
    )
    assert peak < MAX_MEMORY_BYTES[service]


def start_and_stop(start: Callable[..., Service], vhost: Vhost, name: str) -> int:
    """So that the queues are there."""
    service = start(name)
    eventually(lambda: vhost.depth("dead_letters") >= 0 and service.is_up(), "the queues")
    return service.stop()
