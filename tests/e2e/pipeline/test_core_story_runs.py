"""The four services without the second story, as processes: from features to the picture."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.core_story import PARTS, without_the_second_story
from support.live_page import get
from support.rows import read_rows, row_count
from support.service import ROOT, Service
from support.vhost import Vhost
from support.waiting import eventually

Start = Callable[..., Service]

MAX_ALTERED_LINES = 10
TESTS = ["test_durable_csv.py", "test_join.py"]


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("core")
    altered = without_the_second_story(folder)
    assert len(altered) <= MAX_ALTERED_LINES
    assert all("\n" not in line for _, *texts in altered for line in texts)
    return folder


def run(core: Path, *arguments: str | Path) -> None:
    """Runs Python with the copy's modules, and not those of the checkout."""
    places = [core / "common", *(core / part / "src" for part in PARTS[1:]), ROOT / "tests"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places))}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=core, env=environment, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", PARTS[1:])
def test_without_the_second_story_each_service_is_whole(core: Path, service: str) -> None:
    run(core, "-c", f"import {service}; assert {service}.__file__.startswith({str(core)!r})")


def test_without_the_second_story_the_core_keeps_its_promises(core: Path) -> None:
    tests = [ROOT / "tests" / "unit" / "metric" / name for name in TESTS]
    options = ["-q", "-n", "0", "-p", "no:cacheprovider", "--noconftest", "-c", os.devnull]
    run(core, "-m", "pytest", *options, *tests)


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
