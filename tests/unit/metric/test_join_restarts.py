"""Labels and predictions in any order, late and repeated, through restarts and crashes."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from half import Half
from ledger import Ledger
from pipeline.files import METRIC_LOG_SHADOW_COLUMNS, METRIC_STATE
from ttl_clock import MAX_STEP_IN_MS

Arrival = tuple[str, str, float, str | None]  # id, queue, value, and of which model
ShadowRow = tuple[str, str, float, float, float]

TTL_MS = 10_000
Waiting = tuple[Half, int]  # and since when, on the TTL clock
FILES = ("metric_log.csv", "unmatched.csv", "metric_log_shadow.csv")
SHADOW_HEADER_BYTES = len(",".join(METRIC_LOG_SHADOW_COLUMNS)) + 1


@dataclass
class PlainJoin:
    """What the join is to do, in dictionaries."""

    waiting: dict[str, Waiting] = field(default_factory=dict)
    joined: dict[str, tuple[float, float]] = field(default_factory=dict)
    unmatched: list[tuple[str, str, float]] = field(default_factory=list)
    shadow_waiting: dict[tuple[str, str], Waiting] = field(default_factory=dict)
    shadow_joined: dict[tuple[str, str], float] = field(default_factory=dict)
    clock: int = 0
    last_in_ms: int = 0

    def take(
        self, halves: list[Half], now_in_ms: int, shadow_halves: list[Half]
    ) -> list[tuple[int, float]]:
        """The conflicts."""
        self.clock += min(now_in_ms - self.last_in_ms, MAX_STEP_IN_MS)
        self.last_in_ms = now_in_ms
        conflicts = []
        for index, half in enumerate(halves):
            first = self._add(half)
            if first != half.value:
                conflicts.append((index, first))
        self._add_shadow(shadow_halves)
        for waiting in (self.waiting, self.shadow_waiting):
            self._expire(waiting)
        return conflicts

    def _expire(self, waiting: dict[Any, Waiting]) -> None:
        for key, (half, since) in list(waiting.items()):
            if since <= self.clock - TTL_MS:
                del waiting[key]
                self.unmatched.append((half.id, half.queue, half.value))

    def _add_shadow(self, halves: list[Half]) -> None:
        for half in halves:
            key = (half.id, half.model_id or "")
            if key not in self.shadow_joined:
                self.shadow_waiting.setdefault(key, (half, self.clock))
        for key in [key for key in self.shadow_waiting if key[0] in self.joined]:
            self.shadow_joined[key] = self.shadow_waiting.pop(key)[0].value

    def _add(self, half: Half) -> float:
        """The value that counts for this half of its id."""
        if half.id not in self.joined:
            other, _ = self.waiting.setdefault(half.id, (half, self.clock))
            if other.queue == half.queue:
                return other.value
            del self.waiting[half.id]
            pair = (half, other) if half.queue == "y_true" else (other, half)
            self.joined[half.id] = (pair[0].value, pair[1].value)
        return self.joined[half.id][half.queue == "y_pred"]


class Metric:
    """A ledger that may be stopped, and may be killed while it appends to its files."""

    def __init__(self, folder: Path) -> None:
        self._lives, self._root, self._now_in_ms = 0, folder, 0
        self._open(folder / "0")

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self._ledger = Ledger(
            folder, TTL_MS / 1000, 1000, 1000, monotonic=lambda: self._now_in_ms / 1000
        )
        self._synced = {name: self._size(name) for name in FILES}

    def _size(self, name: str) -> int:
        path = self.folder / name  # begun with its first prediction, and not with a row
        return path.stat().st_size if path.exists() else SHADOW_HEADER_BYTES

    def take(
        self, halves: list[Half], now_in_ms: int, shadow_halves: list[Half]
    ) -> list[tuple[int, float]]:
        self._now_in_ms = now_in_ms
        sizes = {name: self._size(name) for name in FILES}
        conflicts = self._ledger.take(halves + shadow_halves, now_in_ms).conflicts
        self._synced |= {name: size for name, size in sizes.items() if size < self._size(name)}
        return [(index, first) for index, first in conflicts if index < len(halves)]

    def stop(self, now_in_ms: int) -> None:
        """Stops, and starts again now."""
        self._now_in_ms = now_in_ms
        self._ledger.close()
        self._open(self.folder)

    def kill(self, parts_written: tuple[float, float, float], now_in_ms: int) -> None:
        """Goes on in a copy, in which only a part of the last append has reached each file."""
        self._now_in_ms = now_in_ms
        self._lives += 1
        folder = self._root / str(self._lives)
        shutil.copytree(self.folder, folder)
        self._ledger.close()
        for name, part in zip(FILES, parts_written, strict=True):
            start, end = self._synced[name], self._size(name)
            if not (folder / name).exists():
                continue
            with (folder / name).open("r+b") as file:
                file.truncate(start + int(part * (end - start)))
        with closing(sqlite3.connect(folder / METRIC_STATE)) as database, database:
            database.execute("DELETE FROM file_end")  # noted after the append
        self._open(folder)

    def rows(self) -> dict[str, tuple[float, float]]:
        lines = [line.split(",") for line in self._lines("metric_log.csv")]
        rows = {row_id: (float(y_true), float(y_pred)) for row_id, y_true, y_pred, _ in lines}
        assert len(rows) == len(lines), "an id twice"
        return rows

    def shadow_rows(self) -> list[ShadowRow]:
        """Id, candidate, its prediction, the label, and what it is compared with."""
        lines = [line.split(",") for line in self._lines("metric_log_shadow.csv")]
        return [(line[0], line[4], *map(float, (line[2], line[1], line[6]))) for line in lines]  # type: ignore[misc]

    def unmatched(self) -> list[tuple[str, str, float]]:
        lines = [line.split(",") for line in self._lines("unmatched.csv")]
        return [(row_id, queue, float(value)) for row_id, queue, value, _ in lines]

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().splitlines()[1:] if path.exists() else []


def shadow_rows_of(plain: PlainJoin) -> list[ShadowRow]:
    rows = []
    for (row_id, model_id), value in plain.shadow_joined.items():
        y_true, live = plain.joined[row_id]
        rows.append((row_id, model_id, value, y_true, abs(y_true - live)))
    return rows


PART = st.floats(0, 1)
TAKE = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "5", "e-1"]),
        st.sampled_from(["y_true", "y_pred", "y_pred_shadow"]),
        st.sampled_from([0.0, 1.5, -1e300]),
        st.sampled_from([None, "ridge-1", "ridge-2"]),
    ),
    max_size=8,
)
STEPS = st.lists(
    st.one_of(
        TAKE,
        TAKE,
        st.sampled_from([1, TTL_MS // 2, TTL_MS]),
        st.just("stop"),
        st.tuples(PART, PART, PART),
    ),
    max_size=25,
)


@settings(max_examples=75)
@given(steps=STEPS)
def test_it_is_the_plain_join_through_repeats_expiry_restarts_and_torn_files(
    steps: list[list[Arrival] | int | str | tuple[float, float, float]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    metric, plain = Metric(tmp_path_factory.mktemp("logs")), PlainJoin()
    now_in_ms = 0
    taken: list[Arrival] = []
    for step in steps:
        if isinstance(step, int):
            now_in_ms += step
            continue
        if step == "stop":
            metric.stop(now_in_ms)
            plain.last_in_ms = now_in_ms
        elif isinstance(step, tuple):
            metric.kill(step, now_in_ms)  # what was not acknowledged comes again
            plain.last_in_ms = now_in_ms
        elif isinstance(step, list):
            taken = step
        arrived = [
            Half(row_id, queue, value, now_in_ms, model_id=model_id)
            for row_id, queue, value, model_id in taken
        ]
        halves = [half for half in arrived if half.queue != "y_pred_shadow"]
        shadow = [half for half in arrived if half.queue == "y_pred_shadow"]
        assert metric.take(halves, now_in_ms, shadow) == plain.take(halves, now_in_ms, shadow)
        assert metric.rows() == plain.joined
        assert metric.shadow_rows() == shadow_rows_of(plain)
        assert metric.unmatched() == plain.unmatched
