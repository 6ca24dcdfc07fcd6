"""A run from the start of the services to its end: watching, showing, summing up."""

import csv
import time
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from display import Display, Snapshot
from pipeline.numbers import percent, readable
from pipeline.rate import Rate
from pipeline.table.schema import Task
from service_counts import Progress
from supervisor import Supervisor

POLL_SECONDS = 0.2
STILL_SECONDS = 3.0
RATE_SECONDS = 5.0  # of joined rows, for the rate shown


class StalledError(Exception):
    """Rows are missing, and there is no more progress."""


class Goal:
    """The goal of a run: so many rows, joined and drawn.

    `lines_before` is the number of lines that the CSV file already had; `patience` is the seconds
    that a run may go without progress.
    """

    def __init__(self, rows: int, lines_before: int, patience: float) -> None:
        self._rows = rows
        self._lines_before = lines_before
        self._patience = patience
        self._last: Progress | None = None
        self._moved_at = 0.0

    def is_reached(self, progress: Progress, now: float) -> bool:
        """Returns True if all is done at `now`, in seconds of a monotonic clock.

        Raises StalledError, telling what is missing, once there has been no progress for too long.
        """
        if progress != self._last:
            self._last, self._moved_at = progress, now
        still = now - self._moved_at
        drawn = progress.drawn - self._lines_before
        if progress.all_published and drawn >= self._rows:
            # Pending rows may be ours, if rows left by an earlier run were joined now.
            return progress.pending == 0 or still > STILL_SECONDS
        if still > self._patience:
            raise StalledError(
                f"no progress for {self._patience:.0f} s: of {self._rows} rows, "
                f"{progress.published} were published, {progress.predicted} predicted, "
                f"{progress.joined} joined and {max(drawn, 0)} drawn; "
                f"{progress.pending} are pending, {progress.dead_lettered} dead-lettered"
            )
        return False


class RunProgress:
    """One run of the services: its progress, shown while it lasts and summed up at its end."""

    def __init__(
        self, supervisor: Supervisor, display: Display, csv_file: Path, task: Task
    ) -> None:
        self._supervisor = supervisor
        self._display = display
        self._csv_file = csv_file
        self._task = task
        self._rate = Rate(RATE_SECONDS)
        self._started = time.monotonic()
        self._seconds = POLL_SECONDS
        self.lines_before = line_count(csv_file)

    def update(self) -> Progress:
        """Checks the services, and shows how far they are."""
        self._supervisor.check()
        progress = self._supervisor.progress()
        self._rate.add(progress.joined, progress.joined_at)
        self._seconds = time.monotonic() - self._started
        rate = self._rate.per_second(now=time.time())
        states = self._supervisor.states
        self._display.show(Snapshot(progress, rate, states, self._seconds, self._task))
        return progress

    def summary(self) -> str:
        """Returns the results, for when the services have stopped."""
        progress = self._supervisor.progress()
        rows = rows_after(self._csv_file, self.lines_before)
        return (
            f"{progress.published} rows published, {len(rows)} joined, "
            f"{len({row[0] for row in rows})} distinct ids{quality(rows, self._task)}\n"
            f"{progress.pending} pending, {progress.dead_lettered} dead-lettered\n"
            f"{self._seconds:.1f} s, including the start of the services"
        )


def line_count(csv_file: Path) -> int:
    """Returns the number of rows in the file, without its header."""
    try:
        with csv_file.open("rb") as file:
            return max(sum(1 for _ in file) - 1, 0)
    except FileNotFoundError:
        return 0


def rows_after(csv_file: Path, lines: int) -> list[list[str]]:
    """Returns the rows of the file after the first `lines`: id, label, prediction, error."""
    try:
        with csv_file.open(newline="") as file:
            return [row for row in islice(csv.reader(file), lines + 1, None) if len(row) == 4]
    except FileNotFoundError:
        return []


def quality(rows: Sequence[Sequence[str]], task: Task) -> str:
    """Returns how right the rows are, as the end of a sentence; "" without rows.

    >>> quality([["a", "2", "1", "1"], ["b", "1", "1", "0"]], "regression")
    ', MAE 0.5'
    >>> quality([["a", "setosa", "setosa", "0.02"]], "classification")
    ', accuracy 100.0 %'
    """
    if not rows:
        return ""
    if task == "classification":
        return f", accuracy {percent(sum(row[1] == row[2] for row in rows) / len(rows))}"
    return f", MAE {readable(sum(float(row[3]) for row in rows) / len(rows))}"
