"""What a row costs in model: its message decoded, predicted, and the answer encoded."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

import model
from lab import Lab
from pipeline import dataset
from pipeline.messages import Message, new_id
from pipeline.model_store.predictor import Predictor
from pipeline.table.data_sets import load_schema
from pipeline.table.readers import Readers

SIZES = (1, 10, 100, 500, 1000)
REPEATS = 7
REPEAT_SECONDS = 0.1


class ModelCost(msgspec.Struct):
    """Microseconds for one row, when a message has so many rows; raw repeats, in turns.

    The same model run by scikit-learn, and by ONNX Runtime.
    """

    batch: int
    us_per_row: list[float]
    onnx_us_per_row: list[float]


def measure(lab: Lab, say: Callable[[str], None]) -> list[ModelCost]:
    sklearn, onnx = (Predictor.load(path) for path in (lab.model_path, lab.onnx_path))
    costs = [ModelCost(size, [], []) for size in SIZES]
    bodies = {size: _request(size) for size in SIZES}
    for _ in range(lab.sized(REPEATS, 1)):
        for cost in costs:
            for predictor, found in ((sklearn, cost.us_per_row), (onnx, cost.onnx_us_per_row)):
                found.append(_once(predictor, bodies[cost.batch]) / cost.batch * 1e6)
    for name, field in (("scikit-learn", "us_per_row"), ("ONNX Runtime", "onnx_us_per_row")):
        least = [f"{cost.batch} rows: {min(getattr(cost, field)):.1f} µs" for cost in costs]
        say(f"{name}: {', '.join(least)}")
    return costs


def _request(size: int) -> bytes:
    features = dataset.holdout().features.tolist()
    rows = [features[index % len(features)] for index in range(size)]
    return Message([new_id() for _ in rows], rows, batched=size > 1).encode()


def _once(predictor: Predictor, body: bytes) -> float:
    """Seconds for one message, as the mean of as many as fit into a tenth of a second."""
    reader = Readers(load_schema(dataset.NAME, Path("datasets"))).features
    count, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < REPEAT_SECONDS:
        request, _ = reader.decode(body)
        assert request is not None
        answers, _ = model.answer(predictor, [request], lambda: None)
        answers[0].encode()
        count += 1
    return passed / count
