"""What plot tells of the picture is what the picture on disk shows."""

import math
from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.run import Run
from plot import PlotSettings
from plotter import Plotter
from support.waiting import PATIENCE_SECONDS

HEADER = "id,y_true,y_pred,absolute_error\n"


@pytest.fixture
def run() -> Run:
    return Run("plot")


def append(logs_dir: Path, *errors: object) -> None:
    log = logs_dir / "metric_log.csv"
    with log.open("a") as file:
        file.write("".join([HEADER] * (file.tell() == 0) + [f"a,0,1,{x}\n" for x in errors]))


def test_the_gauges_tell_what_is_on_disk(tmp_path: Path, run: Run) -> None:
    picture = tmp_path / "error_distribution.png"
    plotter = Plotter(tmp_path, run)
    append(tmp_path, 1, 2, "x")
    assert plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert run.gauges == {"unreadable": 1}
    assert not picture.exists()
    plotter.draw()
    assert run.gauges == {"unreadable": 1, "rows": 2, "mae": 1.5}
    assert [*tmp_path.glob("error*")] == [picture]


def test_nothing_new_is_not_drawn(tmp_path: Path, run: Run) -> None:
    plotter = Plotter(tmp_path, run)
    append(tmp_path)
    append(tmp_path, "x")
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    plotter.draw()
    assert not (tmp_path / "error_distribution.png").exists()


def test_a_new_log_starts_a_new_summary(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    plotter = Plotter(tmp_path, run)
    append(tmp_path, 1, 2)
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    plotter.draw()
    (tmp_path / "metric_log.csv").unlink()
    append(tmp_path, 1e300)
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert run.gauges["rows"] == 2, "the old picture is still on disk"
    plotter.draw()
    assert run.gauges == {"unreadable": 0, "rows": 1, "mae": 1e300}
    assert [record.getMessage() for record in caplog.records] == [
        f"{plotter.log} was taken away, replaced, cut or written anew: starting anew"
    ]


def test_a_line_without_an_end_is_news_once_it_has_waited(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    plotter = Plotter(tmp_path, run)
    append(tmp_path, 1)
    with (tmp_path / "metric_log.csv").open("a") as file:
        file.write("a,0,1,2")
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    before = plotter.version
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert plotter.version == before
    monkeypatch.setattr("logs.log_file.WAIT_SECONDS", 0)
    plotter.catch_up(seconds=PATIENCE_SECONDS)
    assert plotter.version == before + 1
    assert "its last 7 bytes are not read" in plotter.numbers()["problem"]


def test_reading_is_done_in_time_slices(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logs.log_file.CHUNK_BYTES", 64)
    append(tmp_path, *range(20))
    plotter = Plotter(tmp_path, run)
    slices = 1
    while not plotter.catch_up(seconds=-math.inf):
        slices += 1
    assert slices > 2
    plotter.draw()
    assert run.gauges["rows"] == 20


@pytest.mark.parametrize("interval", ["0", "-1", "inf", "nan", "often"])
def test_an_interval_has_to_be_a_positive_number(
    interval: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLOT_INTERVAL", interval)
    with pytest.raises(SettingsError, match=f"PLOT_INTERVAL='{interval}' is not accepted"):
        PlotSettings.from_environment()
