"""The four services without the second story, as processes: from features to the picture."""

from collections.abc import Callable
from pathlib import Path

from support.core_story import without_the_second_story
from support.live_page import get
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]


def test_the_pipeline_runs_without_the_second_story(
    start: Start, vhost: Vhost, tmp_path: Path
) -> None:
    core = tmp_path / "core"
    without_the_second_story(core)
    where = {"root": core, "pythonpath": core / "common"}
    model, metric = start("model", **where), start("metric", **where)
    plot = start("plot", management_url=vhost.management_url, **where)
    features = start("features", stream_rate=0, stream_count=1000, **where)
    assert features.wait() == 0
    eventually(lambda: row_count(tmp_path) == 1000, "1000 rows")
    assert len(read_rows(tmp_path)) == 1000
    eventually(lambda: plot.counts().get("rows") == 1000, "the picture of all rows")
    assert (tmp_path / "error_distribution.png").read_bytes().startswith(b"\x89PNG")
    assert get(plot, "/api/summary")["rows"] == 1000
    assert [each.stop() for each in (model, metric, plot)] == [0, 0, 0]
    assert vhost.depth("y_pred_shadow") == -1, "nobody has asked for that queue"
