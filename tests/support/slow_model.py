"""Runs a service with slow models: python slow_model.py MILLISECONDS_A_ROW NAME SERVICE.

They wait for each row, as if they asked somebody else. Slow are those with NAME in their path.
"""

import runpy
import sys
import time
from pathlib import Path
from typing import Any


class SlowEstimator:
    """Has scikit-learn's predict(), and waits in it for each row."""

    def __init__(self, estimator: Any, seconds_a_row: float) -> None:
        self._estimator = estimator
        self._seconds_a_row = seconds_a_row

    def predict(self, features: Any) -> Any:
        time.sleep(self._seconds_a_row * len(features))
        return self._estimator.predict(features)


def main(milliseconds: str, name: str, script: str) -> None:
    sys.path.insert(0, str(Path(script).parent))
    from pipeline.model_store import predictor  # noqa: PLC0415 (in a container it is on the path only now)

    read = predictor.estimator_of

    def slow(content: bytes, path: Path, taken: Any) -> Any:
        seconds = float(milliseconds) / 1000 if name in str(path) else 0
        return SlowEstimator(read(content, path, taken), seconds)

    predictor.estimator_of = slow
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
