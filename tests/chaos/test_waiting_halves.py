"""Which halves metric lets go of, and which never: through the real service and a real broker."""

import time
from collections.abc import Callable
from pathlib import Path

import pika
import pytest

from support.flood import flood, message
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]

JUNK = 100_000


def test_predictions_without_a_label_cost_no_labelled_row(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    """The ordinary mix behind a gateway: three predictions in four never get a label."""
    rows, chunk = 4000, 100
    metric = start("metric", max_pending=1000)
    eventually(metric.is_up, "metric")
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for first in range(0, rows, chunk):
            good = [f"good-{number}" for number in range(first, first + chunk)]
            alone = [f"alone-{number}" for number in range(3 * first, 3 * (first + chunk))]
            channel.basic_publish("", "y_pred", message(good + alone))
            channel.basic_publish("", "y_true", message(good))
    eventually(lambda: row_count(tmp_path) == rows, f"{rows} rows")
    assert len(read_rows(tmp_path)) == rows
    eventually(lambda: metric.counts().get("let_go_y_pred") == 3 * rows - 1000, "the rest")
    assert metric.stop() == 0
    counts = metric.counts()
    assert (counts["pending_y_true"], counts["pending_y_pred"]) == (0, 1000)
    assert "let_go_y_true" not in counts


@pytest.mark.parametrize("batched", ["y_true", "y_pred"])
def test_a_backlog_of_batches_and_of_single_rows_is_joined(
    start: Start, vhost: Vhost, tmp_path: Path, batched: str
) -> None:
    """As behind a gateway, which publishes a list in one message, and each label in its own."""
    rows, chunk = 4000, 100
    single = "y_pred" if batched == "y_true" else "y_true"
    metric = start("metric", max_pending=1000)
    eventually(metric.is_up, "metric, and with it all queues")
    assert metric.stop() == 0
    begin_in_ms = int(time.time() * 1000) - 100 * rows
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for first in range(0, rows, chunk):
            ids = [str(number) for number in range(first, first + chunk)]
            headers = {"timestamp_in_ms": begin_in_ms + 100 * first}  # ten rows a second
            properties = pika.BasicProperties(headers=headers)
            channel.basic_publish("", batched, message(ids), properties)
            for row_id in ids:
                channel.basic_publish("", single, message([row_id]), properties)
    metric = start("metric", max_pending=1000)
    eventually(lambda: row_count(tmp_path) == rows, f"{rows} rows")
    assert not [name for name in metric.counts() if name.startswith("let_go")]


def test_of_a_flood_of_labels_only_labels_leave(start: Start, vhost: Vhost, tmp_path: Path) -> None:
    log = flood(start, vhost, tmp_path, JUNK)
    assert "halves of y_true went to unmatched.csv, as more than MAX_PENDING waited" in log


def test_no_time_counts_in_which_metric_was_away(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    rows, ttl, chunk = 1000, 3, 10
    ids = [str(number) for number in range(rows)]
    metric = start("metric", unmatched_ttl=ttl)
    eventually(metric.is_up, "metric")
    vhost.put("y_true", message(ids))
    eventually(lambda: metric.counts().get("pending_y_true") == rows, "the labels")
    assert metric.stop() == 0
    with vhost.channel() as channel:
        channel.confirm_delivery()
        for first in range(0, rows, chunk):
            channel.basic_publish("", "y_pred", message(ids[first : first + chunk]))
    time.sleep(ttl + 1)
    metric = start("metric", unmatched_ttl=ttl)
    eventually(lambda: row_count(tmp_path) == rows, f"{rows} rows")
    vhost.put("y_true", message(["never"]))
    eventually(lambda: metric.counts().get("expired_y_true") == 1, "a half whose time is over")
    assert (tmp_path / "unmatched.csv").read_text().split()[1].startswith("never,y_true,1,")
