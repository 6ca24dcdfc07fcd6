"""Lets a service that is asked to stop while it still imports end at once, in a container.

Python imports a module of this name before anything else. Of a container's process 1 the system
keeps away every signal that it does not handle, and Ctrl-C's KeyboardInterrupt is lost where Python
ignores exceptions, as in a callback of its own imports. Nothing is in hand yet: so it just ends.
A service that is up handles both signals in its own way.
"""

import os
import signal
from types import FrameType

SIGNALLED = 128  # added to the signal's number, as shells do


def end(number: int, _frame: FrameType | None) -> None:
    os._exit(SIGNALLED + number)


if os.getpid() == 1:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
