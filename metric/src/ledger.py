"""The files that metric keeps in LOGS_DIR: the join's state, and the logs made from it."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from durable_csv import DurableCsv, is_recorded, must_be_in_place
from file_watch import must_be_regular
from join import Half, Join
from pipeline.clock import utc_text
from pipeline.errors import LogError
from pipeline.files import (
    METRIC_LOG,
    METRIC_LOG_COLUMNS,
    METRIC_LOG_SHADOW,
    METRIC_LOG_SHADOW_COLUMNS,
    METRIC_STATE,
)
from pipeline.messages import number_text, number_texts
from pipeline.queues import Y_PRED, Y_PRED_SHADOW, Y_TRUE
from rotated_csv import RotatedCsv
from shadow import Shadow, ShadowRow
from state_tables import lower_uuids
from ttl_clock import TtlClock
from unmatched import Unmatched, UnmatchedCounts, by_queue

UNMATCHED_CSV = "unmatched.csv"
ROWS_HEADER = ",".join(METRIC_LOG_COLUMNS) + "\n"
SHADOW_HEADER = ",".join(METRIC_LOG_SHADOW_COLUMNS) + "\n"
UNMATCHED_HEADER = "id,queue,value,received_at\n"


class Outcome(NamedTuple):
    """The outcome of taking some halves."""

    rows: int
    shadow_rows: int  # of the shadow model
    conflicts: list[tuple[int, float]]  # index of a contradicting half, the earlier value
    shadow_conflicts: list[tuple[int, float]]  # the same for the shadow halves
    other_predictions: int  # for features that came twice and were answered by another model
    unmatched: list[Unmatched]  # halves that left without their other half


class Ledger:
    """Takes halves, and keeps `metric_log.csv` and `unmatched.csv`.

    `metric_log_shadow.csv` is begun with the first prediction of a shadow model. `unmatched_bytes`
    bounds unmatched.csv together with the file before it; halves expire by the seconds of
    `monotonic`. A file that something else has changed or taken away is begun anew. Raises LogError
    if a file is in use or cannot be written, or the state is taken away.
    """

    def __init__(  # noqa: PLR0913
        self,
        folder: Path,
        ttl_seconds: float,
        max_pending: int,
        remember_ids: int,
        *,
        unmatched_bytes: int = 2**30,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        path = folder / METRIC_STATE
        try:
            folder.mkdir(parents=True, exist_ok=True)
            must_be_regular(path)
            path.open("ab").close()  # says why it cannot, where SQLite only says that it cannot
            self._database = sqlite3.connect(path, isolation_level=None)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._rows = DurableCsv(folder / METRIC_LOG, ROWS_HEADER, self._database)
            self._unmatched = RotatedCsv(
                folder / UNMATCHED_CSV, UNMATCHED_HEADER, self._database, unmatched_bytes
            )
            self._files: list[DurableCsv | RotatedCsv] = [self._rows, self._unmatched]
            self._shadow_rows: DurableCsv | None = None
            self._shadow_path = folder / METRIC_LOG_SHADOW
            if self._shadow_path.exists() or is_recorded(METRIC_LOG_SHADOW, self._database):
                self._begin_shadow()
            limits = int(ttl_seconds * 1000), max_pending, remember_ids
            self._join = Join(self._database, *limits)
            self._shadow = Shadow(self._database, *limits)
            lower_uuids(self._database)
            self._unmatched_counts = UnmatchedCounts(self._database)
            self._clock = TtlClock(self._database, monotonic)
        except (OSError, sqlite3.Error) as error:
            raise LogError(f"cannot use {path}: {error}") from error
        self._path, self._inode = path, path.stat().st_ino

    def take(
        self,
        halves: list[Half],
        now_in_ms: int,
        shadow_halves: Sequence[Half] = (),
        *,
        caught_up: bool = True,
    ) -> Outcome:
        """Joins the halves; when it returns, they and the rows they complete are on the disk.

        `now_in_ms` is Unix time in milliseconds. `shadow_halves` are predictions of shadow models.
        No half expires until metric has `caught_up` with the backlog of its queues.
        """
        must_be_in_place(self._path, self._inode)
        try:
            self._unmatched.rotate()
            if shadow_halves and self._shadow_rows is None:
                self._begin_shadow()
            with self._database:  # commits, or rolls back
                self._database.execute("BEGIN IMMEDIATE")
                outcome = self._join_all(halves, shadow_halves, now_in_ms, caught_up)
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

    def _join_all(
        self, halves: list[Half], shadow_halves: Sequence[Half], now_in_ms: int, caught_up: bool
    ) -> Outcome:
        """Does the part of take() within the transaction, and records the lines of the files."""
        self._clock.advance(caught_up)
        clock_in_ms = self._clock.now_in_ms
        rows, conflicts, others = self._join.add(halves, now_in_ms, clock_in_ms)
        shadow_rows, shadow_conflicts = self._shadow.add(shadow_halves, rows, clock_in_ms)
        expired: list[Half] = []
        if caught_up:
            expired = self._join.expire(clock_in_ms) + self._shadow.expire(clock_in_ms)
        let_go = self._join.let_go() + self._shadow.let_go()
        if rows:
            self._join.forget()
        if shadow_rows:
            self._shadow.forget()
        self._join.note_pending()
        unmatched = by_queue("expired", expired, now_in_ms) + by_queue("let_go", let_go, now_in_ms)
        self._unmatched_counts.add(unmatched)
        self._rows.record(_row_lines(rows))
        if self._shadow_rows is not None:
            self._shadow_rows.record(_shadow_lines(shadow_rows))
        self._unmatched.record("".join(map(_unmatched_line, expired + let_go)))
        return Outcome(len(rows), len(shadow_rows), conflicts, shadow_conflicts, others, unmatched)

    @property
    def pending(self) -> dict[str, int]:
        """Number of halves of each queue that wait for their other half.

        Shadow predictions wait for their row.
        """
        joins = {queue: self._join.pending[queue] for queue in (Y_TRUE, Y_PRED)}
        return {**joins, Y_PRED_SHADOW: self._shadow.pending}

    @property
    def unmatched_dropped(self) -> int:
        """Number of halves in older files of unmatched.csv that were since replaced."""
        return self._unmatched.dropped_lines

    def needy(self) -> list[str]:
        """The queues whose halves make no row by themselves now: nothing here waits for them."""
        return self._join.needy()

    @property
    def files_changed(self) -> int:
        """Number of times that something else changed a file, so that a new one was begun."""
        return sum(file.changes for file in self._files)

    def close(self) -> None:
        """Notes that nothing is left to write. Call it only after a run that went well."""
        for file in self._files:
            file.close()
        self._database.close()

    def _begin_shadow(self) -> None:
        """Begins the shadow log.

        Call it outside a transaction: the file and its record are made in steps of their own.
        """
        self._shadow_rows = DurableCsv(self._shadow_path, SHADOW_HEADER, self._database)
        self._files.append(self._shadow_rows)


def _row_lines(rows: list[tuple[Half, Half]]) -> str:
    """Returns the lines of the CSV, made column by column."""
    y_true = [label.value for label, _ in rows]
    y_pred = [prediction.value for _, prediction in rows]
    errors = [abs(label.value - prediction.value) for label, prediction in rows]
    columns = zip(rows, *map(number_texts, (y_true, y_pred, errors)), strict=True)
    return "".join([f"{label.id},{t},{p},{error}\n" for (label, _), t, p, error in columns])


def _shadow_lines(rows: list[ShadowRow]) -> str:
    """Returns the lines of the shadow log, made column by column."""
    y_true = [live.y_true for _, live in rows]
    y_pred = [half.value for half, _ in rows]
    errors = [abs(live.y_true - half.value) for half, live in rows]
    live_errors = [abs(live.y_true - live.y_pred) for _, live in rows]
    columns = zip(rows, *map(number_texts, (y_true, y_pred, errors, live_errors)), strict=True)
    return "".join(
        [
            f"{half.id},{t},{p},{error},{half.model_id or ''},{live.model_id or ''},{live_error}\n"
            for (half, live), t, p, error, live_error in columns
        ]
    )


def _unmatched_line(half: Half) -> str:
    return f"{half.id},{half.queue},{number_text(half.value)},{utc_text(half.received_in_ms)}\n"
