"""Follows a log, and keeps the numbers of its rows for readers."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Generic, Protocol, TypeVar

from logs.rows import AnyRows, LoggedRow
from logs.tail import LogTail
from pipeline.rate import Rate

log = logging.getLogger(__name__)

RATE_SECONDS = 10.0

AnyRows_contra = TypeVar("AnyRows_contra", contravariant=True)


class Numbers(Protocol[AnyRows_contra]):
    """Numbers of rows, in memory that does not grow with them."""

    def add(self, rows: AnyRows_contra, /) -> None:
        """Adds further rows."""
        ...


AnyNumbers = TypeVar("AnyNumbers", bound=Numbers)  # type: ignore[type-arg]


class Follower(Generic[AnyRows, AnyNumbers]):
    """Reads one log as it grows, and starts anew when the log is replaced.

    With `classes`, labels and predictions are texts, each one of these. One thread calls
    `catch_up`, which raises OSError. Any thread may ask for the rest.
    """

    def __init__(
        self,
        path: Path,
        kind: type[AnyRows],
        make: Callable[[], AnyNumbers],
        classes: Sequence[str] = (),
    ) -> None:
        self.path = path
        self._kind, self._make = kind, make
        self._classes = tuple(classes)
        self._lock = Lock()  # held briefly, to change or read what belongs together
        self.version = 0  # another number means something new
        self.rows_read = 0  # from all logs at this path
        self.polled_at = time.monotonic()
        self._last_problem: str | None = None
        self._start_anew()

    def _start_anew(self) -> None:
        self._tail = LogTail(self.path, self._kind, self._classes)
        self._numbers = self._make()
        self._rate = Rate(RATE_SECONDS)
        self._end = 0  # in bytes: the numbers cover the file up to here
        self.is_reading = True  # True while it catches up with rows written before it started
        self.version += 1

    @contextmanager
    def held(self) -> Iterator[AnyNumbers]:
        """Yields the numbers, which do not change while held: hold them briefly."""
        with self._lock:
            yield self._numbers

    def catch_up(self, deadline: float) -> bool:
        """Reads new rows until the deadline (monotonic). Returns True if it has read them all."""
        self.polled_at = time.monotonic()
        if self._tail.is_outdated():
            log.info("%s was removed, replaced, cut or rewritten: starting anew", self.path)
            with self._lock:
                self._tail.close()
                self._start_anew()
        while (rows := self._tail.read()) is not None:
            with self._lock:
                self._add(rows)
            if time.monotonic() > deadline:
                return False
        problem = self.problem()
        self.version += self.is_reading or problem != self._last_problem  # as after some seconds
        self.is_reading, self._last_problem = False, problem
        with self._lock:
            self._rate.add(self.rows_read, time.monotonic())
        return True

    def _add(self, rows: AnyRows) -> None:
        self._numbers.add(rows)
        self._end = self._tail.offset
        self.rows_read += len(next(iter(rows)))
        self._rate.add(self.rows_read, time.monotonic())
        self.version += 1

    @property
    def unreadable(self) -> int:
        """Number of lines that were skipped."""
        return self._tail.unreadable

    def problem(self) -> str | None:
        """Explains the problem with the log, and says what to do about it."""
        return self._tail.problem()

    def rows_per_second(self) -> float:
        """Rows per second over the last RATE_SECONDS, or since the log was first read."""
        with self._lock:
            return self._rate.per_second(time.monotonic())

    def last_rows(self, count: int) -> list[LoggedRow]:
        """Returns up to `count` rows of the numbers, the latest first; call it in held()."""
        return self._tail.last_rows(count, self._end)

    def csv(self) -> tuple[BinaryIO, int]:
        """Opens the log; also returns how many of its bytes, whole lines, the numbers cover.

        Read it with os.pread, and close it. Raises FileNotFoundError while there is none.
        """
        with self._lock:
            return self._tail.file(), self._end


def catch_up(followers: Iterable[Follower[Any, Any]], seconds: float) -> bool:
    """Reads appended rows for about `seconds`. Returns True if it has read them all."""
    deadline = time.monotonic() + seconds
    return all(follower.catch_up(deadline) for follower in followers)
