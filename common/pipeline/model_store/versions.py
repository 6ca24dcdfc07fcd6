"""The making of a model: its algorithm, and the versions, as others may predict differently."""

import platform
from importlib.metadata import version
from typing import Any

import msgspec

LIBRARIES = ("numpy", "scikit-learn", "skops")


def versions(*more: str) -> dict[str, str]:
    """Returns the versions of Python, of the libraries that all trainings use, and of `more`."""
    return {"python": platform.python_version()} | {
        name: version(name) for name in (*LIBRARIES, *more)
    }


def made_as(estimator: Any) -> dict[str, Any]:
    """Returns the fields `algorithm` and `params` of the record of an estimator or a pipeline."""
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    params = msgspec.to_builtins(last.get_params(deep=False), enc_hook=repr)
    return {"algorithm": type(last).__name__, "params": params}
