"""plot: keeps a picture of the errors in `metric_log.csv` current, and serves a live page."""

import logging
import time
from typing import Annotated

from pydantic import Field, HttpUrl

from page.broker_status.monitor import Management
from page.server import Page
from pipeline.errors import LogError
from pipeline.run import Run, run_service
from pipeline.settings import LogsSettings, PageSettings, one_or_more, urls_of
from plotter import Plotter

log = logging.getLogger(__name__)

LOOK_SECONDS, WATCHED_LOOK_SECONDS = 0.5, 0.2  # whoever watches sees a row within a second
CATCH_UP_SECONDS = 1.0  # of reading, before the next look at whether to stop
FINISH_SECONDS = 5.0  # of reading, once asked to stop


class PlotSettings(LogsSettings, PageSettings):
    """The settings of plot."""

    plot_interval: float = Field(5.0, gt=0, description="a number of seconds greater than 0")
    plot_host: str = Field("127.0.0.1", description="an address of this machine")
    plot_port: int = Field(
        8080, ge=0, le=65535, description="a port from 1 to 65535, or 0 for any that is free"
    )
    management_url: Annotated[str, one_or_more(HttpUrl)] = Field(
        "http://guest:guest@localhost:15672/%2F",
        description="a URL like http://user:password@host:15672/%2F, with the virtual host at its "
        "end, or one for each node of a cluster, separated by commas",
    )


def main(settings: PlotSettings, run: Run) -> None:
    """Draws the first rows at once, then at most once per PLOT_INTERVAL, and at the end."""
    for library in ("matplotlib", "PIL", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    try:
        plotter = Plotter(settings.logs_dir, run)
        log.info("drawing what arrives in %s", plotter.log)
        management = Management(urls_of(settings.management_url))
        at = settings.plot_host, settings.plot_port
        with Page(*at, plotter, management, settings.shown_url) as page:
            follow(plotter, page, run, settings.plot_interval)
        if plotter.catch_up(FINISH_SECONDS):
            plotter.draw()
        else:
            log.warning("asked to stop before all rows were read: the picture stays as it was")
    except OSError as error:
        raise LogError(f"LOGS_DIR={settings.logs_dir} cannot be used: {error}") from error


def follow(plotter: Plotter, page: Page, run: Run, interval_seconds: float) -> None:
    """Reads and draws until asked to stop; draws at most once per interval."""
    next_drawing = time.monotonic()
    while not run.stop.is_set():
        page.check()
        if not plotter.catch_up(CATCH_UP_SECONDS):
            continue
        if plotter.has_news and time.monotonic() >= next_drawing:
            plotter.draw()
            next_drawing = time.monotonic() + interval_seconds
        run.sleep(WATCHED_LOOK_SECONDS if page.is_watched else LOOK_SECONDS)


if __name__ == "__main__":
    run_service("plot", PlotSettings, main)
