"""`python -m pipeline dead-letters` as a person runs it, for the tests of it."""

import subprocess
from collections.abc import Callable

from support.vhost import Vhost

Command = Callable[..., subprocess.CompletedProcess[bytes]]

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202etxt.exe\u2066\r\n\x00 ok".encode() + b"\xff\xfe"


def ids(vhost: Vhost) -> list[str]:
    """Of all letters, in order. They stay."""
    found = []
    with vhost.channel() as channel:
        while (got := channel.basic_get("dead_letters"))[0] is not None:
            found.append(str(got[1].message_id))
        channel.close()  # returns once all is back
    return found


def one_line(done: subprocess.CompletedProcess[bytes]) -> str:
    """All that it said of an error."""
    (line,) = done.stderr.decode().splitlines()
    return line
