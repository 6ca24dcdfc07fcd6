"""Describes the rows for the page, as plain values for JSON."""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, NamedTuple, TypeVar

from errors_follower import ErrorsFollower
from logs.follower import Follower
from logs.metric_state import MetricState, MetricStateError, Trace
from logs.rows import LoggedRow
from page import payloads
from picture import PICTURE
from pipeline.clock import now_in_ms
from pipeline.files import METRIC_STATE
from pipeline.table.schema import Schema
from wording import about

LAST_ROWS = 20

T = TypeVar("T")


class Section(NamedTuple):
    """A further part of the page: the field that it fills, and a log of its own."""

    field: str
    follower: Follower[Any, Any]
    tell: Callable[[], Any]


class Narrator:
    """Reports what the follower and the sections have read. Thread-safe."""

    def __init__(
        self, follower: ErrorsFollower, sections: Sequence[Section], schema: Schema
    ) -> None:
        self._follower = follower
        self._classes = schema.target.classes
        self.about = about(schema)  # the words of the page, as plain values
        self._sections = sections
        self._followers = [follower, *(section.follower for section in sections)]
        self._picture = follower.path.with_name(PICTURE)
        self._state = MetricState(follower.path.with_name(METRIC_STATE))

    @property
    def version(self) -> int:
        """Number of changes so far: another one means that the view has changed."""
        return sum(follower.version for follower in self._followers)

    @property
    def polled_at(self) -> float:
        """Monotonic time at which the log was last looked at, in seconds."""
        return self._follower.polled_at

    def numbers(self) -> dict[str, Any]:
        """Returns the numbers of all rows, the time of the last, and what the sections tell."""
        with self._follower.held() as summary:
            numbers, rows = self._numbers(summary), self._follower.last_rows(1)
        return numbers | _time_of(self._timed(rows)) | self._told()

    def view(self) -> dict[str, Any]:
        """Returns all that the page shows of the rows, at one moment."""
        with self._follower.held() as summary:
            numbers, charts = self._numbers(summary), payloads.charts(summary)
            rows = self._follower.last_rows(LAST_ROWS)
        timed = self._timed(rows)
        return {
            "now_in_ms": now_in_ms(),
            "data_set": self.about["name"],
            "reading": any(follower.is_reading for follower in self._followers),
            "summary": numbers | _time_of(timed),
            **charts,
            "last_rows": timed,
            **self._told(),
        }

    def predictions(self) -> dict[str, Any]:
        """Returns the distribution of the predictions of all rows."""
        with self._follower.held() as summary:
            return payloads.predictions(summary, self._classes)

    def flow(self) -> dict[str, Any]:
        """Returns the rate of the rows, and the halves that pend or left unmatched.

        The halves are None if metric has no state.
        """
        return {
            "rows_per_second": self._follower.rows_per_second(),
            "pending": _known(self._state.pending),
            "unmatched": _known(self._state.unmatched),
        }

    def model_id(self) -> str | None:
        """Returns the model that predicted the last row; None if metric does not tell."""
        return _known(self._state.model_id)

    def trace(self, row_id: str) -> Trace:
        """Returns all that is known of one id. Raises MetricStateError."""
        return self._state.trace(row_id)

    def models(self) -> dict[str, dict[str, Any]]:
        """Returns the errors of each model. Raises MetricStateError."""
        return self._state.models()

    def picture(self) -> bytes:
        """Returns the current picture. Raises FileNotFoundError while there is none."""
        return self._picture.read_bytes()

    def csv(self) -> tuple[BinaryIO, int]:
        """Opens the log, and returns how much of it is told of: see Follower.csv."""
        return self._follower.csv()

    def _numbers(self, summary: payloads.AnySummary) -> dict[str, Any]:
        problems = filter(None, (follower.problem() for follower in self._followers))
        return {
            **payloads.numbers(summary),
            "unreadable": self._follower.unreadable,
            "problem": " ".join(problems) or None,
        }

    def _told(self) -> dict[str, Any]:
        return {section.field: section.tell() for section in self._sections}

    def _timed(self, rows: list[LoggedRow]) -> list[dict[str, Any]]:
        """Returns the rows, each with the Unix time in ms of its joining; None if unknown."""
        times = _known(lambda: self._state.joined_in_ms([row.id for row in rows])) or {}
        return [{**row._asdict(), "joined_in_ms": times.get(row.id)} for row in rows]


def _known(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except MetricStateError:
        return None


def _time_of(timed: list[dict[str, Any]]) -> dict[str, Any]:
    return {"last_row_in_ms": timed[0]["joined_in_ms"] if timed else None}
