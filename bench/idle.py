"""What the pipeline takes of a core while it has next to nothing to do: five rows per second."""

import time
from collections.abc import Callable

import msgspec

from lab import Lab

STREAM_RATE = 5  # the default
WARM_UP_SECONDS = 5.0
MEASURED_SECONDS = 40.0  # eight redraws of plot


class Idle(msgspec.Struct):
    """Percent of one core, by process."""

    percent: dict[str, float]


def measure(lab: Lab, say: Callable[[str], None]) -> Idle:
    with lab.room() as room:
        room.start_up("model", "metric", "plot", "features")
        time.sleep(WARM_UP_SECONDS)
        before, begin = room.cpu_seconds(), time.monotonic()
        time.sleep(lab.sized(MEASURED_SECONDS, 5.0))
        after, seconds = room.cpu_seconds(), time.monotonic() - begin
        room.check()
    percent = {
        name: round((after[name] - used) / seconds * 100, 2) for name, used in before.items()
    }
    say(f"{percent} % of a core")
    return Idle(percent)
