"""plot on logs of ten thousand to ten million rows: its start, its redraws, its memory."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import msgspec
import numpy as np

from lab import BENCH, Lab, Room
from pipeline.files import METRIC_LOG_COLUMNS
from support.service import Service

SIZES = (10_000, 1_000_000, 10_000_000)
STARTS, REDRAWS = 2, 7
NEW_ROWS = 1000  # before each redraw
BLOCK_ROWS = 50_000
START_SECONDS = 120


class PlotGrowth(msgspec.Struct):
    """Raw repeats on a log of `rows` rows; memory is the most of a process, in MB (VmHWM)."""

    rows: int
    start_seconds: list[float]  # from the start of the process to the first picture, of all rows
    redraw_ms: list[float]  # reading NEW_ROWS rows and drawing
    peak_mb: list[float]


def measure(lab: Lab, say: Callable[[str], None]) -> list[PlotGrowth]:
    sizes, starts = lab.sized(SIZES, SIZES[:2]), lab.sized(STARTS, 1)
    with ExitStack() as stack:
        rooms = {rows: stack.enter_context(lab.room()) for rows in sizes}
        for rows, room in rooms.items():
            write_log(room.logs, rows)
        grown = {rows: PlotGrowth(rows, [], [], []) for rows in sizes}
        for number in range(1, starts + 1):
            services = {rows: _start(room, grown[rows]) for rows, room in rooms.items()}
            if number == starts:
                _redraw(rooms, grown)
            for rows, service in services.items():
                grown[rows].peak_mb.append(service.peak_memory() / 1e6)
                rooms[rows].stop("plot")
            say(
                f"start {number}: {[round(each.start_seconds[-1], 1) for each in grown.values()]} s"
            )
    return list(grown.values())


def write_log(logs: Path, rows: int) -> None:
    """A log of so many rows. Its lines repeat after BLOCK_ROWS: plot does not read the ids."""
    logs.mkdir()
    block = realistic_lines(min(BLOCK_ROWS, rows))
    with (logs / "metric_log.csv").open("wb") as file:
        file.write(",".join(METRIC_LOG_COLUMNS).encode() + b"\n")
        for _ in range(rows // BLOCK_ROWS or 1):
            file.write(block)


def realistic_lines(count: int) -> bytes:
    """Lines as metric writes them, with errors as our model makes them."""
    dice = np.random.default_rng(2)
    labels = dice.integers(25, 347, size=count).tolist()
    errors = dice.normal(0, 58, size=count).tolist()
    return "".join(
        f"01a20082-5fca-75b5-bace-{number:012x},{label},{label + error},{abs(error)}\n"
        for number, (label, error) in enumerate(zip(labels, errors, strict=True))
    ).encode()


def _start(room: Room, grown: PlotGrowth) -> Service:
    picture = room.logs / "error_distribution.png"
    picture.unlink(missing_ok=True)
    begin = time.monotonic()
    runner = [BENCH / "timed_plot.py", room.folder / "notes"]
    service = room.start("plot", runner=runner, plot_interval=0.01)
    room.wait_for(picture.exists, "the first picture", START_SECONDS)
    grown.start_seconds.append(time.monotonic() - begin)
    return service


def _redraw(rooms: dict[int, Room], grown: dict[int, PlotGrowth]) -> None:
    lines = realistic_lines(NEW_ROWS)
    for _ in range(REDRAWS):
        for rows, room in rooms.items():
            seen = len(_notes(room))
            with (room.logs / "metric_log.csv").open("ab", buffering=0) as file:
                file.write(lines)
            room.wait_for(partial(_has_more, room, seen), "a redraw")
            grown[rows].redraw_ms.append(_notes(room)[-1])


def _has_more(room: Room, seen: int) -> bool:
    return len(_notes(room)) > seen


def _notes(room: Room) -> list[float]:
    return [float(line) for line in (room.folder / "notes").read_text().splitlines()]
