"""The versions that a model was trained with: it may predict differently with others."""

import platform
from importlib.metadata import version

LIBRARIES = ("numpy", "scikit-learn", "skops")


def versions(*more: str) -> dict[str, str]:
    """Returns the versions of Python, of the libraries that all trainings use, and of `more`."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in (*LIBRARIES, *more)
    }
