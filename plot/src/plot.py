"""plot: keeps a picture of the errors in `metric_log.csv` current."""

import logging
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, HttpUrl

from follower import Follower
from picture import render
from pipeline.errors import LogError
from pipeline.files import METRIC_LOG
from pipeline.run import Run, run_service
from pipeline.settings import LogsSettings, one_or_more
from summary import Summary

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
CATCH_UP_SECONDS = 1.0  # of reading, before the next look at whether to stop
FINISH_SECONDS = 5.0  # of reading, once asked to stop


class PlotSettings(LogsSettings):
    """What plot is told."""

    plot_interval: float = Field(5.0, gt=0, description="a number of seconds greater than 0")
    plot_host: str = Field("127.0.0.1", description="an address of this machine")
    plot_port: int = Field(
        8080, ge=0, le=65535, description="a port from 1 to 65535, or 0 for any that is free"
    )
    management_url: Annotated[str, one_or_more(HttpUrl)] = Field(
        "http://guest:guest@localhost:15672/%2F",
        description="a URL like http://user:password@host:15672/%2F, where %2F is the virtual host, "
        "or one for each node of a cluster, separated by commas",
    )


class Plotter:
    """Follows the metric log in a folder, and draws the picture beside it.

    `run.gauges` tell what the picture on disk shows: `rows`, and `mae` in points of disease
    progression unless all rows are beyond the range; and the `unreadable` lines of the log.
    Creates the folder if need be; raises OSError, here and later.
    """

    def __init__(self, logs_dir: Path, run: Run) -> None:
        logs_dir.mkdir(parents=True, exist_ok=True)
        self._picture = logs_dir / "error_distribution.png"
        self._temporary = logs_dir / "error_distribution.png.tmp"
        # Shows at once whether the folder can be written, and clears up after a crash.
        self._temporary.write_bytes(b"")
        self._temporary.unlink()
        self._log = logs_dir / METRIC_LOG
        self._follower = Follower(self._log)
        self._summary = Summary()
        self._run = run
        self.has_news = False

    def catch_up(self, seconds: float) -> bool:
        """Reads what was appended, for about so long. True if that was all there is."""
        if self._follower.is_outdated():
            log.info("%s was taken away, replaced or cut short: starting anew", self._log)
            self._follower.close()
            self._follower = Follower(self._log)
            self._summary = Summary()
            self.has_news = False
        deadline = time.monotonic() + seconds
        while (rows := self._follower.read()) is not None:
            self._summary.add(rows)
            self.has_news |= len(rows.absolute_error) > 0
            self._run.gauges["unreadable"] = self._follower.unreadable
            self._run.beat()
            if time.monotonic() > deadline:
                return False
        return True

    def draw(self) -> None:
        """Puts a new picture in the place of the old one, if there are new rows."""
        if not self.has_news:
            return
        with self._temporary.open("wb") as file:
            file.write(render(self._summary, datetime.now(UTC)))
            file.flush()
            os.fsync(file.fileno())
        self._temporary.replace(self._picture)
        self.has_news = False
        self._run.gauges["rows"] = self._summary.rows
        self._run.gauges.pop("mae", None)
        if self._summary.within:
            self._run.gauges["mae"] = self._summary.mae


def main(settings: PlotSettings, run: Run) -> None:
    """Draws the first rows at once, then at most once per PLOT_INTERVAL, and at the end."""
    for library in ("matplotlib", "PIL"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        plotter = Plotter(settings.logs_dir, run)
        log.info("drawing what arrives in %s", settings.logs_dir / METRIC_LOG)
        next_drawing = time.monotonic()
        while not run.stop.is_set():
            if not plotter.catch_up(CATCH_UP_SECONDS):
                continue
            if plotter.has_news and time.monotonic() >= next_drawing:
                plotter.draw()
                next_drawing = time.monotonic() + settings.plot_interval
            run.sleep(LOOK_SECONDS)
        if plotter.catch_up(FINISH_SECONDS):
            plotter.draw()
        else:
            log.warning("asked to stop before all rows were read: the picture stays as it was")
    except OSError as error:
        raise LogError(f"LOGS_DIR={settings.logs_dir} cannot be used: {error}") from error


if __name__ == "__main__":
    run_service("plot", PlotSettings, main)
