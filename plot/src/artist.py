"""Keeps the picture beside a log current: draws it when there are new rows, at a bounded pace."""

import copy
import math
import time
from datetime import UTC, datetime

from errors_follower import ErrorsFollower
from picture import PICTURE, render
from pipeline.atomic_file import replace_file, temporary_path
from pipeline.run import Run
from pipeline.table.schema import Schema
from stats.class_summary import ClassSummary


class Artist:
    """Draws the numbers of a follower, at most once per interval, in the follower's folder.

    `run.gauges` describe the picture on disk: its `rows`, its `mae` in the target's unit, if that
    is finite, of classes its `accuracy`, and the `unreadable` lines of the log. Creates the folder
    if need be; raises OSError, here and later.
    """

    def __init__(
        self, follower: ErrorsFollower, run: Run, interval_seconds: float, schema: Schema
    ) -> None:
        self._follower = follower
        self._schema = schema
        self._run = run
        self._interval_seconds = interval_seconds
        self._next_drawing = time.monotonic()
        self._rows_drawn = 0
        self._picture = follower.path.with_name(PICTURE)
        self._picture.parent.mkdir(parents=True, exist_ok=True)
        # Shows at once whether the folder can be written, and clears up after a crash.
        temporary = temporary_path(self._picture)
        temporary.write_bytes(b"")
        temporary.unlink()

    @property
    def has_news(self) -> bool:
        """True if the log has rows that were read since the last drawing."""
        with self._follower.held() as summary:
            return summary.rows > 0 and self._follower.rows_read != self._rows_drawn

    def draw_if_due(self) -> None:
        """Draws if there are new rows, and the last drawing is an interval ago."""
        self._run.gauges["unreadable"] = self._follower.unreadable
        if time.monotonic() >= self._next_drawing and self.has_news:
            self.draw()
            self._next_drawing = time.monotonic() + self._interval_seconds

    def draw(self) -> None:
        """Replaces the picture by a new one, if there are new rows."""
        if not self.has_news:
            return
        with self._follower.held() as summary:
            shown, rows_read = copy.deepcopy(summary), self._follower.rows_read
        replace_file(self._picture, render(shown, datetime.now(UTC), self._schema), synced=True)
        self._rows_drawn = rows_read
        self._run.gauges["rows"] = shown.rows
        self._run.gauges.pop("mae", None)
        if math.isfinite(shown.mae):
            self._run.gauges["mae"] = shown.mae
        if isinstance(shown, ClassSummary):
            self._run.gauges["accuracy"] = shown.accuracy
