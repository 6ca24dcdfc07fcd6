"""plot: keeps a picture of the errors in `metric_log.csv` current, and serves a live page."""

import logging
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field, HttpUrl

from artist import Artist
from errors_follower import errors_follower
from logs.follower import Follower, catch_up
from page.broker_status.monitor import BrokerMonitor
from page.narrator import Narrator, Section
from page.server import Page
from pipeline.errors import LogError
from pipeline.files import METRIC_LOG
from pipeline.run import Run, run_service
from pipeline.settings import LogsSettings, PageSettings, at_virtual_host, one_or_more, urls_of
from pipeline.table.data_sets import load_schema
from shadow_comparison.section import shadow_section

log = logging.getLogger(__name__)

POLL_SECONDS, WATCHED_POLL_SECONDS = 0.5, 0.2  # whoever watches sees a row within a second
CATCH_UP_SECONDS = 1.0  # of reading, before the next check whether to stop
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

    @property
    def management_urls(self) -> list[str]:
        """The URLs in MANAGEMENT_URL, with the virtual host of the data set."""
        urls = urls_of(self.management_url)
        return [at_virtual_host(url, self.own_place) for url in urls]


def main(settings: PlotSettings, run: Run) -> None:
    """Draws the first rows at once, then at most once per PLOT_INTERVAL, and at the end."""
    for library in ("matplotlib", "PIL", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    schema = load_schema(settings.dataset, settings.datasets_dir)
    try:
        errors = errors_follower(settings.logs / METRIC_LOG, schema.target.classes)
        sections: list[Section] = [shadow_section(settings.logs, schema)]
        followers = [errors, *(section.follower for section in sections)]
        artist = Artist(errors, run, settings.plot_interval, schema)
        log.info("drawing the rows of %s", errors.path)
        monitor = BrokerMonitor(settings.management_urls)
        at = settings.plot_host, settings.plot_port
        narrator = Narrator(errors, sections, schema)
        with Page(*at, narrator, monitor, settings.shown_url) as page:
            follow(followers, artist, page, run)
        if catch_up(followers, FINISH_SECONDS):
            artist.draw()
        else:
            log.warning("stopped before all rows were read: the picture is not up to date")
    except OSError as error:
        raise LogError(f"{settings.logs} (LOGS_DIR) cannot be used: {error}") from error


def follow(followers: Sequence[Follower[Any, Any]], artist: Artist, page: Page, run: Run) -> None:
    """Reads and draws until asked to stop."""
    while not run.stop.is_set():
        page.check()
        run.beat()
        if catch_up(followers, CATCH_UP_SECONDS):
            artist.draw_if_due()
            run.sleep(WATCHED_POLL_SECONDS if page.is_watched else POLL_SECONDS)


if __name__ == "__main__":
    run_service("plot", PlotSettings, main)
