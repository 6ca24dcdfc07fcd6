"""The files that metric keeps in LOGS_DIR: the join's state, and the logs made from it."""

import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bounded_tables import Limits
from durable_csv import DurableCsv
from file_watch import must_be_in_place, must_be_regular
from half import Half, Pair
from pipeline.errors import LogError
from pipeline.files import METRIC_LOG, METRIC_LOG_COLUMNS, METRIC_STATE
from rotated_csv import RotatedCsv
from scores import Scores, scores_of
from shadowed_join import ShadowedJoin
from state_tables import claim, lower_uuids
from ttl_clock import TtlClock
from unmatched import Unmatched, UnmatchedHalves

HEADER = ",".join(METRIC_LOG_COLUMNS) + "\n"


class Outcome(NamedTuple):
    """The outcome of taking some halves."""

    rows: int
    more_rows: Mapping[str, int]  # of other logs, by the name of their count
    conflicts: list[tuple[int, Any]]  # index of a contradicting half, the earlier value
    other_predictions: int  # for features that came twice and were answered by another model
    unmatched: list[Unmatched]  # halves that left without their other half


class Ledger:
    """Takes halves, and keeps `metric_log.csv` and `unmatched.csv`.

    `unmatched_bytes` bounds unmatched.csv together with the file before it; halves expire by the
    seconds of `monotonic`. A file that something else has altered or taken away is begun anew.
    Raises LogError if a file is in use or cannot be written, or the state is taken away;
    SettingsError if the state is another data set's. Without `scores` it is the default one's.
    """

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        ttl_seconds: float,
        max_pending: int,
        remember_ids: int,
        *,
        scores: Scores | None = None,
        unmatched_bytes: int = 2**30,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        path = folder / METRIC_STATE
        limits = Limits(int(ttl_seconds * 1000), max_pending, remember_ids)
        self._scores = scores = scores or scores_of()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            must_be_regular(path)
            path.open("ab").close()  # says why it cannot, where SQLite only says that it cannot
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            claim(self._database, scores.schema, folder)
            self._rows = DurableCsv(folder / METRIC_LOG, HEADER, self._database)
            self._unmatched = UnmatchedHalves(folder, self._database, unmatched_bytes)
            self._files: list[DurableCsv | RotatedCsv] = [self._rows, self._unmatched.file]
            # A Join; the second story hangs on here, with a file and halves of its own.
            self._join = ShadowedJoin(self._database, limits, scores, folder, self._files)
            lower_uuids(self._database)
            self._clock = TtlClock(self._database, monotonic)
        except (OSError, sqlite3.Error) as error:
            raise LogError(f"cannot use {path}: {error}") from error
        self._path, self._inode = path, path.stat().st_ino

    def take(self, halves: list[Half], now_in_ms: int, *, caught_up: bool = True) -> Outcome:
        """Joins the halves; when it returns, they and the rows they complete are on the disk.

        `now_in_ms` is Unix time in milliseconds. No half expires until metric has `caught_up` with
        the backlog of its queues.
        """
        must_be_in_place(self._path, self._inode)
        try:
            self._unmatched.file.rotate()
            self._join.prepare(halves)
            # The commit decides on the rows, and has their lines. So they are rows even if a kill
            # comes before they are in the CSV: the next start writes them. Only after this may the
            # messages be acknowledged.
            with self._database:  # commits, or rolls back
                self._database.execute("BEGIN IMMEDIATE")
                outcome = self._join_all(halves, now_in_ms, caught_up)
            for file in self._files:
                if not halves:  # time to look also at those to which nothing is written
                    file.check_in_place()
                file.write()
        except sqlite3.Error as error:
            raise LogError(
                f"cannot write {self._path}: {error}; no row is lost; once it can, "
                "start metric again"
            ) from error
        return outcome

    def _join_all(self, halves: list[Half], now_in_ms: int, caught_up: bool) -> Outcome:
        """Does the part of take() within the transaction, and records the lines of the files."""
        self._clock.advance(caught_up)
        clock_in_ms = self._clock.now_in_ms
        rows, conflicts, others, more_rows = self._join.add(halves, now_in_ms, clock_in_ms)
        self._rows.record(_lines(rows, self._scores))
        # Only now: a half whose other half came in this very batch is a row, however late it is.
        expired = self._join.expire(clock_in_ms) if caught_up else []
        let_go = self._join.let_go()
        if rows:
            self._join.forget()
        self._join.note_pending()
        unmatched = self._unmatched.record(expired, let_go, now_in_ms)
        return Outcome(len(rows), more_rows, conflicts, others, unmatched)

    @property
    def pending(self) -> dict[str, int]:
        """Number of pending halves of each queue: those without their other half yet."""
        return self._join.pending_by_queue()

    @property
    def unmatched_dropped(self) -> int:
        """Number of halves in older files of unmatched.csv that were since replaced."""
        return self._unmatched.file.dropped_lines

    def one_sided(self) -> list[str]:
        """Returns the queues whose halves make no row now: of the other, none is pending."""
        return self._join.one_sided()

    @property
    def alterations(self) -> int:
        """Number of times that something else altered a file, so that a new one was begun."""
        return sum(file.alterations for file in self._files)

    def close(self) -> None:
        """Notes that nothing is left to write. Call it only after a run that went well."""
        for file in self._files:
            file.close()
        self._database.close()


def _lines(rows: list[Pair], scores: Scores) -> str:
    """Returns the lines of the CSV, made column by column."""
    y_true, y_pred, errors, *_ = scores.texts(rows)
    columns = zip(rows, y_true, y_pred, errors, strict=True)
    return "".join([f"{label.id},{t},{p},{error}\n" for (label, _), t, p, error in columns])
