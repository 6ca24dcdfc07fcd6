"""With what a model was trained: it may predict otherwise with another."""

import platform
from importlib.metadata import version

LIBRARIES = ("numpy", "scikit-learn", "skops")


def versions(*more: str) -> dict[str, str]:
    """Of Python, of the libraries that every training uses, and of `more`."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in (*LIBRARIES, *more)
    }
