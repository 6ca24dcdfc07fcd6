"""model, with a predictor that waits 10 ms for each row, as for one that asks somebody else."""

import runpy
import sys
import time
from pathlib import Path
from typing import Any

SECONDS_A_ROW = 0.01
SOURCE = Path("/app/model/src")


def main() -> None:
    sys.path.insert(0, str(SOURCE))
    from pipeline.models.predictor import Predictor  # noqa: PLC0415  # of the image

    predict = Predictor.predict

    def slow(self: Predictor, rows: list[list[float]]) -> Any:
        time.sleep(SECONDS_A_ROW * len(rows))
        return predict(self, rows)

    Predictor.predict = slow  # type: ignore[assignment, method-assign]
    runpy.run_path(str(SOURCE / "model.py"), run_name="__main__")


if __name__ == "__main__":
    main()
