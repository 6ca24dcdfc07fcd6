"""What metric keeps in LOGS_DIR: the join's state, and the two files that come of it."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from durable_csv import DurableCsv, check_in_place, must_be_regular
from join import Half, Join, Outcome
from pipeline.errors import LogError
from pipeline.files import METRIC_LOG, METRIC_LOG_COLUMNS, METRIC_STATE
from pipeline.messages import number_text, number_texts

UNMATCHED_CSV = "unmatched.csv"
ROWS_HEADER = ",".join(METRIC_LOG_COLUMNS) + "\n"
UNMATCHED_HEADER = "id,queue,value,received_at\n"


class Ledger:
    """Takes halves in, and keeps `metric_log.csv` and `unmatched.csv`.

    Raises LogError where a file is in use, changed, taken away, or cannot be written.
    """

    def __init__(
        self, folder: Path, ttl_seconds: float, max_pending: int, remember_ids: int
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
            self._unmatched = DurableCsv(folder / UNMATCHED_CSV, UNMATCHED_HEADER, self._database)
            self._join = Join(self._database, int(ttl_seconds * 1000), max_pending, remember_ids)
        except (OSError, sqlite3.Error) as error:
            raise LogError(f"cannot use {path}: {error}") from error
        self._path, self._inode = path, path.stat().st_ino

    def take(self, halves: list[Half], now_in_ms: int) -> Outcome:
        """Once this returns, the halves and the rows they complete are on the disk.

        `now_in_ms` is Unix time in milliseconds; halves older than their time are let go of.
        """
        self._check_in_place()
        try:
            with self._database:  # commits, or rolls back
                self._database.execute("BEGIN IMMEDIATE")
                outcome = self._join.add(halves, now_in_ms)
                expired = self._join.expire(now_in_ms)
                self._join.note_pending()
                self._rows.record(_row_lines(outcome.rows))
                self._unmatched.record("".join(map(_unmatched_line, expired)))
        except sqlite3.Error as error:
            raise LogError(
                f"cannot write {self._path}: {error}; no row is lost; once it can, "
                "start metric again"
            ) from error
        self._rows.write()
        self._unmatched.write()
        return outcome

    @property
    def pending(self) -> dict[str, int]:
        """How many halves of each queue wait for their other half."""
        return self._join.pending

    def full(self) -> list[str]:
        """The queues from which no more halves should come for now."""
        return self._join.full()

    def needy(self) -> list[str]:
        """The queues whose halves make no row by themselves now: none waits for them here."""
        return self._join.needy()

    def close(self) -> None:
        """To be called when all is well: notes that nothing is left to be written."""
        self._rows.close()
        self._unmatched.close()
        self._database.close()

    def _check_in_place(self) -> None:
        check_in_place(self._path, self._inode)
        self._rows.check_in_place()
        self._unmatched.check_in_place()


def _row_lines(rows: list[tuple[Half, Half]]) -> str:
    """Lines of the CSV, made column by column."""
    y_true = [label.value for label, _ in rows]
    y_pred = [prediction.value for _, prediction in rows]
    errors = [abs(label.value - prediction.value) for label, prediction in rows]
    columns = zip(rows, *map(number_texts, (y_true, y_pred, errors)), strict=True)
    return "".join([f"{label.id},{t},{p},{error}\n" for (label, _), t, p, error in columns])


def _unmatched_line(half: Half) -> str:
    return f"{half.id},{half.queue},{number_text(half.value)},{utc_text(half.received_in_ms)}\n"


def utc_text(time_in_ms: int) -> str:
    """Unix time in milliseconds as a person reads it: 2026-01-31T12:00:00.123Z."""
    moment = datetime.fromtimestamp(time_in_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
