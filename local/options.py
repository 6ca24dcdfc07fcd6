"""The options of a run: its one argument, and the environment that it hands to the services."""

import math
import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

STALL_SECONDS = 60.0

PORTS = 100  # ports to try if the usual one is taken

# Meant for other Python programs, such as Jupyter: they change what is imported, or can be drawn.
_OF_OTHERS = ("PYTHON", "MPLBACKEND", "MATPLOTLIBRC")
_PATHS = ("DATASETS_DIR", "LOGS_DIR", "MODEL_PATH", "MODEL_STORE")


def positive(text: str) -> int:
    """Parses a whole number from 1, for argparse."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def environment(root: Path, rows: int) -> dict[str, str]:
    """Returns the services' environment: ours without other programs' variables and empty ones.

    With `rows`, features ends after so many rows, and everything goes as fast as it can unless told
    otherwise.
    """
    env = {
        name: value
        for name, value in os.environ.items()
        if value and not name.startswith(_OF_OTHERS)
    }
    env["PYTHONPATH"] = str(root / "common")
    for name in _PATHS:  # a shell does not expand the ~ in `make run LOGS_DIR=~/logs`
        if env.get(name, "").startswith("~/"):
            env[name] = str(Path(env[name]).expanduser())
    env["LOGS_DIR"] = str(Path(env.get("LOGS_DIR", root / "logs")).absolute())
    env.setdefault("DATASETS_DIR", str(root / "datasets"))
    env.setdefault("MODEL_STORE", str(root / "models"))
    if rows:
        env["STREAM_COUNT"] = str(rows)
        env.setdefault("STREAM_RATE", "0")
        env.setdefault("PLOT_INTERVAL", "1")
    return env


def port_for(name: str, first: int, env: Mapping[str, str], is_free: Callable[[int], bool]) -> str:
    """Returns the port of a page: the one that `env` names, else `first`, or the next free one.

    >>> port_for("PLOT_PORT", 8080, {}, lambda port: port > 8081)
    '8082'
    >>> port_for("PLOT_PORT", 8080, {"PLOT_PORT": "9000"}, lambda port: port > 8081)
    '9000'
    """
    asked_for = env.get(name, "0")
    if asked_for != "0":  # 0 means any free port: take one that is known, to show it
        return asked_for
    return str(next(filter(is_free, range(first, first + PORTS)), first))


def is_free(port: int) -> bool:
    """Returns True if a server could listen there, on 127.0.0.1.

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
    """Returns the number of rows after which features ends; 0 for never."""
    return int(_number(env, "STREAM_COUNT"))


def patience(env: Mapping[str, str]) -> float:
    """Returns the seconds for which it may be normal that no row gets anywhere."""
    rate = _number(env, "STREAM_RATE")
    return STALL_SECONDS + _number(env, "LABEL_DELAY") + (1 / rate if rate else 0)


def _number(env: Mapping[str, str], name: str) -> float:
    """Returns a setting as a number; if it is not one, the service itself will say so."""
    try:
        value = float(env.get(name, 0))
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0
