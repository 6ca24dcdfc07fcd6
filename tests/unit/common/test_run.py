import json
import time
from pathlib import Path

from pipeline.health import problem
from pipeline.run import Run


def test_a_status_file_tells_the_counts(tmp_path: Path) -> None:
    run = Run("model", tmp_path / "status.json")
    run.counts["rows"] += 3
    run.gauges["mae"] = 1.5
    run.beat()
    status = json.loads((tmp_path / "status.json").read_bytes())
    assert (status["service"], status["counts"]) == ("model", {"rows": 3, "mae": 1.5})
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_a_fresh_status_is_healthy_and_a_stale_one_is_not(tmp_path: Path) -> None:
    Run("model", tmp_path / "status.json").beat()
    assert problem(tmp_path / "status.json", time.time()) is None
    assert "model last had all it needs 60 s ago" in str(
        problem(tmp_path / "status.json", time.time() + 60)
    )


def test_no_status_is_not_healthy(tmp_path: Path) -> None:
    assert "no status yet" in str(problem(tmp_path / "status.json", time.time()))


def test_a_stop_ends_a_sleep() -> None:
    run = Run("plot")
    run.stop.set()
    began = time.monotonic()
    run.sleep(600)
    assert time.monotonic() - began < 300
