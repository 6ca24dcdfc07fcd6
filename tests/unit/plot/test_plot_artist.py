"""What plot tells of the picture is what the picture on disk shows."""

import math
from pathlib import Path

import pytest

from artist import Artist
from logs.follower import Follower
from logs.rows import Rows
from pipeline.errors import SettingsError
from pipeline.run import Run
from plot import PlotSettings
from stats.summary import Summary
from support.schemas import DIABETES

HEADER = "id,y_true,y_pred,absolute_error\n"


@pytest.fixture
def run() -> Run:
    return Run("plot")


@pytest.fixture
def follower(tmp_path: Path) -> Follower[Rows, Summary]:
    return Follower(tmp_path / "metric_log.csv", Rows, Summary)


def append(logs_dir: Path, *errors: object) -> None:
    log = logs_dir / "metric_log.csv"
    with log.open("a") as file:
        file.write("".join([HEADER] * (file.tell() == 0) + [f"a,0,1,{x}\n" for x in errors]))


def test_the_gauges_tell_what_is_on_disk(
    tmp_path: Path, run: Run, follower: Follower[Rows, Summary]
) -> None:
    picture = tmp_path / "error_distribution.png"
    artist = Artist(follower, run, interval_seconds=3600, schema=DIABETES)
    append(tmp_path, "x")
    assert follower.catch_up(math.inf)
    artist.draw_if_due()
    assert run.gauges == {"unreadable": 1}
    assert not picture.exists(), "nothing new is not drawn"
    append(tmp_path, 1, 2)
    follower.catch_up(math.inf)
    artist.draw_if_due()
    assert run.gauges == {"unreadable": 1, "rows": 2, "mae": 1.5}
    assert [*tmp_path.glob("error*")] == [picture]


def test_only_rows_are_news(tmp_path: Path, run: Run, follower: Follower[Rows, Summary]) -> None:
    artist = Artist(follower, run, interval_seconds=0, schema=DIABETES)
    append(tmp_path)
    append(tmp_path, "x")
    follower.catch_up(math.inf)
    artist.draw()
    assert not (tmp_path / "error_distribution.png").exists()


def test_it_draws_at_most_once_an_interval_unless_told_to(
    tmp_path: Path, run: Run, follower: Follower[Rows, Summary]
) -> None:
    artist = Artist(follower, run, interval_seconds=3600, schema=DIABETES)
    for rows, drawn in ((1, 1), (2, 1)):
        append(tmp_path, 1)
        follower.catch_up(math.inf)
        artist.draw_if_due()
        assert run.gauges["rows"] == drawn, f"at {rows} rows"
    artist.draw()
    assert run.gauges["rows"] == 2


def test_a_new_log_starts_a_new_picture(
    tmp_path: Path, run: Run, follower: Follower[Rows, Summary]
) -> None:
    artist = Artist(follower, run, interval_seconds=0, schema=DIABETES)
    append(tmp_path, 1, 2)
    follower.catch_up(math.inf)
    artist.draw()
    (tmp_path / "metric_log.csv").unlink()
    follower.catch_up(math.inf)
    artist.draw()
    assert run.gauges["rows"] == 2, "the old picture is still on disk"
    append(tmp_path, 1, 1e300)
    follower.catch_up(math.inf)
    artist.draw_if_due()
    assert run.gauges == {"unreadable": 0, "rows": 2, "mae": 5e299}


@pytest.mark.parametrize("interval", ["0", "-1", "inf", "nan", "often"])
def test_an_interval_has_to_be_a_positive_number(
    interval: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLOT_INTERVAL", interval)
    with pytest.raises(SettingsError, match=f"PLOT_INTERVAL='{interval}' is not accepted"):
        PlotSettings.from_environment()
