"""The services' reports in their status files, put together."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pipeline.health import Status


class ServiceCounts:
    """The counts of one service over all its processes: each process begins at 0."""

    def __init__(self, status_file: Path) -> None:
        self._status_file = status_file
        self._status: Status | None = None
        self._earlier: Counter[str] = Counter()

    def read(self) -> None:
        """Reads the status file; without one, the last known status remains."""
        try:
            status = msgspec.json.decode(self._status_file.read_bytes(), type=Status)
        except (OSError, msgspec.MsgspecError):
            return
        if self._status is not None and status.pid != self._status.pid:
            self._earlier.update({name: int(n) for name, n in self._status.counts.items()})
        self._status = status

    @property
    def time(self) -> float:
        """Unix time of the status, in seconds; 0 without one."""
        return self._status.time if self._status is not None else 0.0

    def total(self, name: str) -> int:
        """Returns a count over all processes, such as rows published."""
        return self._earlier[name] + self.latest(name)

    def latest(self, name: str) -> int:
        """Returns a number of the latest process, such as pending halves; 0 if it has none."""
        return int(self.gauge(name) or 0)

    def gauge(self, name: str) -> float | None:
        """Returns the same as it is in the status, such as the MAE; None without one."""
        return self._status.counts.get(name) if self._status is not None else None


@dataclass(frozen=True)
class Progress:
    """The progress of the rows. `drawn` covers all of the CSV file, including earlier runs."""

    published: int
    all_published: bool
    predicted: int
    joined: int
    joined_at: float = field(compare=False)  # Unix time, seconds, of that number
    pending: int
    dead_lettered: int
    drawn: int  # lines of the file that plot has processed
    mae: float | None  # of the rows in the picture
    accuracy: float | None  # of the same; None if they are no classes

    @classmethod
    def of(cls, counts: Mapping[str, ServiceCounts], all_published: bool) -> "Progress":
        model, metric, plot = counts["model"], counts["metric"], counts["plot"]
        return cls(
            published=counts["features"].total("rows"),
            all_published=all_published,
            predicted=model.total("rows"),
            joined=metric.total("joined"),
            joined_at=metric.time,
            pending=metric.latest("pending_y_true") + metric.latest("pending_y_pred"),
            dead_lettered=model.total("dead_lettered") + metric.total("dead_lettered"),
            drawn=plot.latest("rows") + plot.latest("unreadable"),
            mae=plot.gauge("mae"),
            accuracy=plot.gauge("accuracy"),
        )
