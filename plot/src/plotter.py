"""Follows metric's logs, draws the picture of the errors, and gives the numbers of all rows."""

import copy
import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from logs.metric_state import State, StateError
from logs.rows import AnyRows, LoggedRow, Rows, ShadowRows
from logs.tail import Follower
from page import payloads
from picture import render
from pipeline.atomic_file import replace_file, temporary_path
from pipeline.files import METRIC_LOG, METRIC_LOG_SHADOW, METRIC_STATE
from pipeline.run import Run
from stats.comparison import Comparisons
from stats.rate import Pace
from stats.summary import Summary

log = logging.getLogger(__name__)

LAST_ROWS = 20


class Plotter:
    """Follows the metric log in a folder, and draws the picture beside it.

    If a candidate has a log there, the candidate is compared with the live model. `run.gauges`
    describe the picture on disk: its `rows`, its `mae` in points, if that is finite, and the
    `unreadable` lines of the log. Creates the folder if need be; raises OSError, here and later.
    Its numbers may be asked for in any thread.
    """

    def __init__(self, logs_dir: Path, run: Run) -> None:
        logs_dir.mkdir(parents=True, exist_ok=True)
        self.picture = logs_dir / "error_distribution.png"
        # Shows at once whether the folder can be written, and clears up after a crash.
        temporary_path(self.picture).write_bytes(b"")
        temporary_path(self.picture).unlink()
        self.log = logs_dir / METRIC_LOG
        self.shadow_log = logs_dir / METRIC_LOG_SHADOW
        self.state = State(logs_dir / METRIC_STATE)
        self._run = run
        self._lock = Lock()  # held briefly, to change or read the attributes below
        self.version = 0  # of the view: another number means something new
        self.looked_at = time.monotonic()
        self._told: str | None = None  # the last problem reported
        self._start_anew()
        self._start_shadow_anew()

    def _start_anew(self) -> None:
        self._follower = Follower(self.log, Rows)
        self._summary = Summary()
        self.version += 1
        self._end = 0  # in bytes: the summary covers the file up to here
        self._pace = Pace()
        self.has_news = False
        self.is_reading = True  # True while it catches up with rows written before it started

    def _start_shadow_anew(self) -> None:
        self._shadow_follower = Follower(self.shadow_log, ShadowRows)
        self._comparisons = Comparisons()
        self.version += 1

    def catch_up(self, seconds: float) -> bool:
        """Reads appended rows for about `seconds`. Returns True if it has read them all."""
        self.looked_at = time.monotonic()
        deadline = self.looked_at + seconds
        self._check_in_place(self.log, self._follower, self._start_anew)
        self._check_in_place(self.shadow_log, self._shadow_follower, self._start_shadow_anew)
        if not (
            self._read(self._follower, self._add_rows, deadline)
            and self._read(self._shadow_follower, self._comparisons.add, deadline)
        ):
            return False
        told, self._told = self._told, self._problem()
        self.version += self.is_reading or self._told != told  # as after some seconds
        self.is_reading = False
        with self._lock:
            self._pace.note(self._summary.rows)
        return True

    def _check_in_place(
        self, path: Path, follower: Follower[AnyRows], start_anew: Callable[[], None]
    ) -> None:
        if follower.is_outdated():
            log.info("%s was taken away, replaced, cut or written anew: starting anew", path)
            with self._lock:
                follower.close()
                start_anew()

    def _read(
        self, follower: Follower[AnyRows], add: Callable[[AnyRows], None], deadline: float
    ) -> bool:
        while (rows := follower.read()) is not None:
            with self._lock:
                add(rows)
                self.version += 1
            self._run.beat()
            if time.monotonic() > deadline:
                return False
        return True

    def _add_rows(self, rows: Rows) -> None:
        self._summary.add(rows)
        self._end = self._follower.offset
        self.has_news |= len(rows.absolute_error) > 0
        self._run.gauges["unreadable"] = self._follower.unreadable

    def draw(self) -> None:
        """Replaces the picture by a new one, if there are new rows."""
        if not self.has_news:
            return
        with self._lock:
            shown, now = copy.deepcopy(self._summary), datetime.now(UTC)
        replace_file(self.picture, render(shown, now), synced=True)
        self.has_news = False
        self._run.gauges["rows"] = shown.rows
        self._run.gauges.pop("mae", None)
        if math.isfinite(shown.mae):
            self._run.gauges["mae"] = shown.mae

    def numbers(self) -> dict[str, Any]:
        """Returns the numbers of all rows, the time of the last, and the candidate's comparison."""
        with self._lock:
            numbers, rows, shadow = self._numbers(), self._last_rows(1), self._shadow()
        return {**numbers, **_time_of(self._timed(rows)), "shadow": shadow}

    def view(self) -> dict[str, Any]:
        """Returns all that the page shows of the rows, at one moment."""
        with self._lock:
            numbers, charts = self._numbers(), payloads.charts(self._summary)
            rows, shadow = self._last_rows(LAST_ROWS), self._shadow()
        timed = self._timed(rows)
        return {
            "now_in_ms": int(time.time() * 1000),
            "reading": self.is_reading,
            "summary": numbers | _time_of(timed),
            **charts,
            "last_rows": timed,
            "shadow": shadow,
        }

    def predictions(self) -> dict[str, Any]:
        """Returns the distribution of the predictions of all rows."""
        with self._lock:
            return payloads.predictions(self._summary)

    def rows_per_second(self) -> float:
        """Rows per second over the last seconds, or since the log was first read."""
        with self._lock:
            return self._pace.per_second(self._summary.rows)

    def pending(self) -> dict[str, int] | None:
        """Returns the number of halves pending per queue; None if metric has no state."""
        try:
            return self.state.pending()
        except StateError:
            return None

    def unmatched(self) -> dict[str, Any] | None:
        """Returns the counts of halves that left unmatched; None if metric does not tell."""
        try:
            return self.state.unmatched()
        except StateError:
            return None

    def model_id(self) -> str | None:
        """Returns the model that predicted the last row; None if metric does not tell."""
        try:
            return self.state.model_id()
        except StateError:
            return None

    def csv(self) -> tuple[BinaryIO, int]:
        """Opens the log; also returns how many of its bytes, whole lines, the numbers cover.

        Read it with os.pread, and close it. Raises FileNotFoundError while there is none.
        """
        with self._lock:
            return self._follower.file(), self._end

    def _numbers(self) -> dict[str, Any]:
        return {
            **payloads.numbers(self._summary),
            "unreadable": self._follower.unreadable,
            "problem": self._problem(),
        }

    def _problem(self) -> str | None:
        """Says what is wrong with the logs."""
        found = (self._follower.problem(), self._shadow_follower.problem())
        return " ".join(filter(None, found)) or None

    def _last_rows(self, count: int) -> list[LoggedRow]:
        return self._follower.last_rows(count, self._end)

    def _shadow(self) -> dict[str, Any] | None:
        return payloads.shadow(self._comparisons, self._shadow_follower.unreadable)

    def _timed(self, rows: list[LoggedRow]) -> list[dict[str, Any]]:
        """Returns the rows, each with the Unix time in ms of its joining; None if unknown."""
        try:
            times = self.state.joined_in_ms([row.id for row in rows])
        except StateError:
            times = {}
        return [{**row._asdict(), "joined_in_ms": times.get(row.id)} for row in rows]


def _time_of(timed: list[dict[str, Any]]) -> dict[str, Any]:
    return {"last_row_in_ms": timed[0]["joined_in_ms"] if timed else None}
