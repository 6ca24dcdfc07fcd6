"""Follows the metric log, draws its picture, and tells what is known of its rows."""

import copy
import logging
import os
import time
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

import view
from follower import Follower, LoggedRow
from picture import render
from pipeline.files import METRIC_LOG, METRIC_STATE
from pipeline.run import Run
from state import State, StateError
from summary import Summary

log = logging.getLogger(__name__)

LAST_ROWS = 20
RATE_SECONDS = 10.0


class Plotter:
    """Follows the metric log in a folder, and draws the picture beside it.

    `run.gauges` tell what the picture on disk shows: `rows`, and `mae` in points of disease
    progression unless all rows are beyond the range; and the `unreadable` lines of the log.
    Creates the folder if need be; raises OSError, here and later. What it tells may be asked for in
    any thread.
    """

    def __init__(self, logs_dir: Path, run: Run) -> None:
        logs_dir.mkdir(parents=True, exist_ok=True)
        self.picture = logs_dir / "error_distribution.png"
        self._temporary = logs_dir / "error_distribution.png.tmp"
        # Shows at once whether the folder can be written, and clears up after a crash.
        self._temporary.write_bytes(b"")
        self._temporary.unlink()
        self.log = logs_dir / METRIC_LOG
        self.state = State(logs_dir / METRIC_STATE)
        self._run = run
        self._lock = Lock()  # held for a moment, by whoever changes or reads what follows
        self.version = 0  # of what view() tells: another number, something new
        self.looked_at = time.monotonic()
        self._start_anew()

    def _start_anew(self) -> None:
        self._follower = Follower(self.log)
        self._summary = Summary()
        self.version += 1
        self._end = 0  # in bytes: the summary is that of the file up to here
        self._counts: deque[tuple[float, int]] = deque()  # rows at a time, lately
        self.has_news = False
        self.is_reading = True  # and behind, as it was not running when the rows were written

    def catch_up(self, seconds: float) -> bool:
        """Reads what was appended, for about so long. True if that was all there is."""
        self.looked_at = time.monotonic()
        if self._follower.is_outdated():
            log.info("%s was taken away, replaced or cut short: starting anew", self.log)
            with self._lock:
                self._follower.close()
                self._start_anew()
        deadline = time.monotonic() + seconds
        while (rows := self._follower.read()) is not None:
            with self._lock:
                self._summary.add(rows)
                self._end = self._follower.offset
                self.version += 1
            self.has_news |= len(rows.absolute_error) > 0
            self._run.gauges["unreadable"] = self._follower.unreadable
            self._run.beat()
            if time.monotonic() > deadline:
                return False
        self.version += self.is_reading
        self.is_reading = False
        with self._lock:
            self._count()
        return True

    def draw(self) -> None:
        """Puts a new picture in the place of the old one, if there are new rows."""
        if not self.has_news:
            return
        with self._lock:
            shown, now = copy.deepcopy(self._summary), datetime.now(UTC)
        with self._temporary.open("wb") as file:
            file.write(render(shown, now))
            file.flush()
            os.fsync(file.fileno())
        self._temporary.replace(self.picture)
        self.has_news = False
        self._run.gauges["rows"] = shown.rows
        self._run.gauges.pop("mae", None)
        if shown.within:
            self._run.gauges["mae"] = shown.mae

    def numbers(self) -> dict[str, Any]:
        """The numbers of all rows, and the time of the last one."""
        with self._lock:
            numbers, rows = self._numbers(), self._follower.last_rows(1, self._end)
        return numbers | _time_of(self._timed(rows))

    def view(self) -> dict[str, Any]:
        """All that the page shows of the rows, at one moment."""
        with self._lock:
            numbers, charts = self._numbers(), view.charts(self._summary)
            rows = self._follower.last_rows(LAST_ROWS, self._end)
        last_rows = self._timed(rows)
        return {
            "now_in_ms": int(time.time() * 1000),
            "reading": self.is_reading,
            "summary": numbers | _time_of(last_rows),
            **charts,
            "last_rows": last_rows,
        }

    def predictions(self) -> dict[str, Any]:
        """How the predictions of all rows are distributed."""
        with self._lock:
            return view.predictions(self._summary)

    def rows_per_second(self) -> float:
        """Of the last RATE_SECONDS, or since the log was read for the first time."""
        with self._lock:
            if not self._counts:
                return 0.0
            since, before = self._counts[0]
            seconds = time.monotonic() - since
            return (self._summary.rows - before) / seconds if seconds > 1 else 0.0

    def pending(self) -> dict[str, int] | None:
        """How many halves of each queue wait, None where metric has no state."""
        try:
            return self.state.pending()
        except StateError:
            return None

    def csv(self) -> tuple[BinaryIO, int]:
        """The log, and how many bytes of it the numbers are of: whole lines.

        To be read with os.pread and closed. Raises FileNotFoundError while there is none.
        """
        with self._lock:
            return self._follower.file(), self._end

    def _numbers(self) -> dict[str, Any]:
        return {
            **view.numbers(self._summary),
            "unreadable": self._follower.unreadable,
        }

    def _timed(self, rows: list[LoggedRow]) -> list[dict[str, Any]]:
        """The rows, each with the Unix time in ms of its joining, None where that is not known."""
        try:
            times = self.state.joined_in_ms([row.id for row in rows])
        except StateError:
            times = {}
        return [{**row._asdict(), "joined_in_ms": times.get(row.id)} for row in rows]

    def _count(self) -> None:
        now = time.monotonic()
        self._counts.append((now, self._summary.rows))
        while now - self._counts[0][0] > RATE_SECONDS:
            self._counts.popleft()


def _time_of(last_rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"last_row_in_ms": last_rows[0]["joined_in_ms"] if last_rows else None}
