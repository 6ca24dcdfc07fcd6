"""Runs plot, and notes how long each drawing took: python timed_plot.py NOTES SERVICE.

A line for each, in milliseconds: reading the rows that are new, and drawing. The pause between two
looks at the file is not in it. The service knows nothing of this.
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(sys.argv[2]).parent))


import plot  # its folder is on the path only now
from artist import Artist
from logs.follower import catch_up
from pipeline.run import run_service

draw = Artist.draw
read_seconds = 0.0


def timed_catch_up(followers: Any, seconds: float) -> bool:
    global read_seconds  # noqa: PLW0603
    begin = time.perf_counter()
    is_all = catch_up(followers, seconds)
    read_seconds = time.perf_counter() - begin
    return is_all


def timed_draw(self: Artist) -> None:
    begin, has_news = time.perf_counter(), self.has_news
    draw(self)
    if has_news:
        milliseconds = (time.perf_counter() - begin + read_seconds) * 1000
        with Path(sys.argv[1]).open("a") as notes:
            notes.write(f"{milliseconds:.3f}\n")


if __name__ == "__main__":
    plot.catch_up = timed_catch_up  # type: ignore[attr-defined]
    Artist.draw = timed_draw  # type: ignore[method-assign]
    run_service("plot", plot.PlotSettings, plot.main)
