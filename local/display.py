"""Shows a run in the terminal: a live status, or plain lines if there is no terminal."""

import contextlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table

from pipeline.numbers import percent, readable
from pipeline.table.schema import Task
from service_counts import Progress

LINE_SECONDS = 5.0
STATE_STYLES = {"running": "green", "done": "blue"}

Place = tuple[str, str]  # a name for the thing, and where it is


@dataclass(frozen=True)
class Snapshot:
    """The state to show: where the rows are, and how the services are doing."""

    progress: Progress
    rows_per_second: float
    states: Mapping[str, str]
    seconds: float  # since the start of the services
    task: Task = "regression"


class Display(Protocol):
    """The interface of both ways to show a run."""

    def say(self, text: str) -> None:
        """Prints an event. Never fails: a closed terminal must not keep the run from stopping."""

    def open(self, places: Sequence[Place]) -> None:
        """Begins the display, with the places where to find things."""

    def show(self, snapshot: Snapshot) -> None:
        """Updates the display. Raises OSError if there is nobody to see it."""

    def close(self) -> None:
        """Ends the display; events can still be told."""


class PlainDisplay:
    """Prints one line every few seconds, and one for each event."""

    def __init__(self) -> None:
        self._next_line = 0.0

    def say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            print(text, flush=True)

    def open(self, places: Sequence[Place]) -> None:
        self.say("\n".join(f"{what}: {where}" for what, where in places))

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.seconds < self._next_line:
            return
        self._next_line = snapshot.seconds + LINE_SECONDS
        print(", ".join(f"{name} {value}" for name, value in numbers(snapshot)), flush=True)

    def close(self) -> None:
        pass


class LiveDisplay:
    """Shows a panel that stays in its place, with the events above it."""

    def __init__(self) -> None:
        self._places: Sequence[Place] = []
        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)

    def say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._console.print(text, markup=False)

    def open(self, places: Sequence[Place]) -> None:
        self._places = places
        self._live.start()

    def show(self, snapshot: Snapshot) -> None:
        self._live.update(_panel(snapshot, self._places), refresh=True)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._live.stop()


def for_stdout() -> Display:
    return LiveDisplay() if sys.stdout.isatty() else PlainDisplay()


def numbers(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Returns each number of the status with its name, as text.

    >>> progress = Progress(1200, False, 1190, 1100, 0.0, 90, 0, 1000, 47.219, None)
    >>> numbers(Snapshot(progress, 250.04, {}, 4.0))[:3]
    [('published', '1,200'), ('predicted', '1,190'), ('joined', '1,100')]
    """
    at = snapshot.progress
    return [
        ("published", f"{at.published:,}"),
        ("predicted", f"{at.predicted:,}"),
        ("joined", f"{at.joined:,}"),
        ("pending", f"{at.pending:,}"),
        ("dead-lettered", f"{at.dead_lettered:,}"),
        _quality(snapshot),
        ("rows/s", f"{snapshot.rows_per_second:,.1f}"),
    ]


def _quality(snapshot: Snapshot) -> tuple[str, str]:
    mae, accuracy = snapshot.progress.mae, snapshot.progress.accuracy
    if snapshot.task == "classification":
        return "accuracy of all", "–" if accuracy is None else percent(accuracy)
    return "MAE of all", "–" if mae is None else readable(mae)


def _panel(snapshot: Snapshot, places: Sequence[Place]) -> RenderableType:
    counts = Table.grid(padding=(0, 2))
    counts.add_column(width=15)
    counts.add_column(width=12, justify="right", style="bold")
    for name, value in numbers(snapshot):
        counts.add_row(name, value)
    services = Table.grid(padding=(0, 2))
    for name, state in snapshot.states.items():
        style = STATE_STYLES.get(state, "bold red")
        services.add_row(name, f"[{style}]{state}[/]")
    both = Table.grid(padding=(0, 4))
    both.add_row(counts, services)
    paths = Table.grid(padding=(0, 2))
    paths.add_column(width=13, style="dim")
    paths.add_column(overflow="fold")
    for what, where in places:
        paths.add_row(what, where)
    minutes, seconds = divmod(int(snapshot.seconds), 60)
    return Panel(
        Padding(Group(both, "", paths), (1, 1)),
        title=f"streaming inference with delayed labels, {minutes}:{seconds:02d} min",
        subtitle="Ctrl-C stops it",
        expand=False,
    )


def short(path: Path) -> str:
    """Returns the path relative to the current folder, if that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
