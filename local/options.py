"""What a run is told: by its one option, and by the environment that it hands to the services."""

import math
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

STALL_SECONDS = 60.0

PORTS = 100  # how many are tried where the usual one is taken

# For other programs of Python, Jupyter for one: they change what is imported, or what can be drawn.
_OF_OTHERS = ("PYTHON", "MPLBACKEND", "MATPLOTLIBRC")
_PATHS = ("LOGS_DIR", "MODEL_PATH", "MODEL_STORE")


def positive(text: str) -> int:
    """For argparse: a whole number from 1."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def environment(root: Path, rows: int) -> dict[str, str]:
    """The services' environment: ours, without what is for others; an empty variable is none.

    With `rows`, features ends after so many, and all go as fast as they can unless told otherwise.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if value and not name.startswith(_OF_OTHERS)
    }
    env["PYTHONPATH"] = str(root / "common")
    for name in _PATHS:  # a shell leaves the ~ of `make run LOGS_DIR=~/logs` as it is
        if env.get(name, "").startswith("~/"):
            env[name] = str(Path(env[name]).expanduser())
    env["LOGS_DIR"] = str(Path(env.get("LOGS_DIR", root / "logs")).absolute())
    env.setdefault("MODEL_STORE", str(root / "models"))
    if rows:
        env["STREAM_COUNT"] = str(rows)
        env.setdefault("STREAM_RATE", "0")
        env.setdefault("PLOT_INTERVAL", "1")
    return env


def port_for(name: str, first: int, env: Mapping[str, str], is_free: Callable[[int], bool]) -> str:
    """Where a page is to be: as `env` says by this name; else at `first`, or the next that is free.

    >>> port_for("PLOT_PORT", 8080, {}, lambda port: port > 8081)
    '8082'
    >>> port_for("PLOT_PORT", 8080, {"PLOT_PORT": "9000"}, lambda port: port > 8081)
    '9000'
    """
    asked_for = env.get(name, "0")
    if asked_for != "0":  # 0 is any that is free: one that we know, to tell it
        return asked_for
    return str(next(filter(is_free, range(first, first + PORTS)), first))


def is_free(port: int) -> bool:
    """Whether a server could listen there, on 127.0.0.1.

    >>> with socket.create_server(("127.0.0.1", 0)) as taken:
    ...     is_free(taken.getsockname()[1])
    False
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def stream_count(env: Mapping[str, str]) -> int:
    """After how many rows features ends; 0 for never."""
    return int(_number(env, "STREAM_COUNT"))


def patience(env: Mapping[str, str]) -> float:
    """For how many seconds it may be in order that no row gets anywhere."""
    rate = _number(env, "STREAM_RATE")
    return STALL_SECONDS + _number(env, "LABEL_DELAY") + (1 / rate if rate else 0)


def _number(env: Mapping[str, str], name: str) -> float:
    """A setting, as far as it is a number; if not, it is the service that says so."""
    try:
        value = float(env.get(name, 0))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
