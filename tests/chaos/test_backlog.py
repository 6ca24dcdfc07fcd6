"""A long queue before model, and as many labels without a prediction: memory stays bounded."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos.report import Report
from support import Service, Vhost, eventually, read_rows, row_count

pytestmark = pytest.mark.timeout(7200)

ROWS_PER_KILL = 5_000  # a million in a long run
MOST_BYTES = {"metric": 200e6, "features": 400e6, "model": 400e6, "plot": 400e6}  # of 512 MiB


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
    for name, most in MOST_BYTES.items():
        assert peaks[name] < most, name
