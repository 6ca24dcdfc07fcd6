"""Labels and predictions in any order, late and repeated, through restarts and crashes."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from join import Half
from ledger import Ledger

TTL_MS = 10_000
FILES = ("metric_log.csv", "unmatched.csv")


@dataclass
class PlainJoin:
    """What the join is to do, in dictionaries."""

    waiting: dict[str, Half] = field(default_factory=dict)
    joined: dict[str, tuple[float, float]] = field(default_factory=dict)
    unmatched: list[tuple[str, str, float]] = field(default_factory=list)

    def take(self, halves: list[Half], now_in_ms: int) -> list[tuple[int, float]]:
        """The conflicts."""
        conflicts = []
        for index, half in enumerate(halves):
            first = self._add(half)
            if first != half.value:
                conflicts.append((index, first))
        for half in list(self.waiting.values()):
            if half.received_in_ms <= now_in_ms - TTL_MS:
                del self.waiting[half.id]
                self.unmatched.append((half.id, half.queue, half.value))
        return conflicts

    def _add(self, half: Half) -> float:
        """The value that counts for this half of its id."""
        if half.id not in self.joined:
            other = self.waiting.setdefault(half.id, half)
            if other.queue == half.queue:
                return other.value
            del self.waiting[half.id]
            pair = (half, other) if half.queue == "y_true" else (other, half)
            self.joined[half.id] = (pair[0].value, pair[1].value)
        return self.joined[half.id][half.queue == "y_pred"]


class Metric:
    """A ledger that may be stopped, and may be killed while it appends to its files."""

    def __init__(self, folder: Path) -> None:
        self._lives, self._root = 0, folder
        self._open(folder / "0")

    def _open(self, folder: Path) -> None:
        self.folder = folder
        self._ledger = Ledger(folder, TTL_MS / 1000, 1000, 1000)
        self._synced = {name: self._size(name) for name in FILES}

    def _size(self, name: str) -> int:
        return (self.folder / name).stat().st_size

    def take(self, halves: list[Half], now_in_ms: int) -> list[tuple[int, float]]:
        sizes = {name: self._size(name) for name in FILES}
        conflicts = self._ledger.take(halves, now_in_ms).conflicts
        self._synced |= {name: size for name, size in sizes.items() if size < self._size(name)}
        return conflicts

    def stop(self) -> None:
        self._ledger.close()
        self._open(self.folder)

    def kill(self, parts_written: tuple[float, float]) -> None:
        """Goes on in a copy, in which only a part of the last append has reached each file."""
        self._lives += 1
        folder = self._root / str(self._lives)
        shutil.copytree(self.folder, folder)
        self._ledger.close()
        for name, part in zip(FILES, parts_written, strict=True):
            start, end = self._synced[name], self._size(name)
            with (folder / name).open("r+b") as file:
                file.truncate(start + int(part * (end - start)))
        self._open(folder)

    def rows(self) -> dict[str, tuple[float, float]]:
        lines = [line.split(",") for line in self._lines("metric_log.csv")]
        rows = {row_id: (float(y_true), float(y_pred)) for row_id, y_true, y_pred, _ in lines}
        assert len(rows) == len(lines), "an id twice"
        return rows

    def unmatched(self) -> list[tuple[str, str, float]]:
        lines = [line.split(",") for line in self._lines("unmatched.csv")]
        return [(row_id, queue, float(value)) for row_id, queue, value, _ in lines]

    def _lines(self, name: str) -> list[str]:
        return (self.folder / name).read_text().splitlines()[1:]


PART = st.floats(0, 1)
TAKE = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "5", "e-1"]),
        st.sampled_from(["y_true", "y_pred"]),
        st.sampled_from([0.0, 1.5, -1e300]),
    ),
    max_size=6,
)
STEPS = st.lists(
    st.one_of(
        TAKE,
        TAKE,
        st.sampled_from([1, TTL_MS // 2, TTL_MS]),
        st.just("stop"),
        st.tuples(PART, PART),
    ),
    max_size=25,
)


@settings(max_examples=75, deadline=None)
@given(steps=STEPS)
def test_it_is_the_plain_join_through_repeats_expiry_restarts_and_torn_files(
    steps: list[list[tuple[str, str, float]] | int | str | tuple[float, float]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    metric, plain = Metric(tmp_path_factory.mktemp("logs")), PlainJoin()
    now_in_ms = 0
    taken: list[tuple[str, str, float]] = []
    for step in steps:
        if isinstance(step, int):
            now_in_ms += step
            continue
        if step == "stop":
            metric.stop()
        elif isinstance(step, tuple):
            metric.kill(step)  # what was not acknowledged comes again
        elif isinstance(step, list):
            taken = step
        halves = [Half(*half, now_in_ms) for half in taken]
        assert metric.take(halves, now_in_ms) == plain.take(halves, now_in_ms)
        assert metric.rows() == plain.joined
        assert metric.unmatched() == plain.unmatched
