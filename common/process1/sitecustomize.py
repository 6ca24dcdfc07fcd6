"""Lets a service that is asked to stop while it still imports end at once, in a container.

Python imports a module of this name before anything else. For process 1 of a container the system
ignores every signal that has no handler, and Ctrl-C's KeyboardInterrupt is lost where Python
ignores exceptions, as in a callback of its own imports. Nothing is in hand yet, so the process
simply ends. A service that is up handles both signals in its own way.
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
