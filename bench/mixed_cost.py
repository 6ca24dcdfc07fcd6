"""The cost of a row of any table in model: `python bench/mixed_cost.py` prints where time goes.

Ten mixed columns (six numbers, one of them with gaps, three categories and a text), and 200
numbers; regression, and four classes. It measures one process, without the broker.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as model does
sys.path.append(str(Path(__file__).parents[1] / "model" / "src"))

import model
from pipeline.messages import Message, new_id
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.readers import Readers
from pipeline.table.schema import Category, Column, Number, Schema, Target, Text

TOWNS = [f"town-{number}" for number in range(20)]
WORDS = [f"word{number}" for number in range(2_000)]
CLASSES = ["a", "b", "c", "d"]
MIXED: list[Column] = [
    *(Number(f"n{index}", missing=index == 0) for index in range(6)),
    *(Category(f"c{index}", TOWNS, missing=index == 0) for index in range(3)),
    Text("remarks", missing=True),
]
WIDE: list[Column] = [Number(f"n{index}") for index in range(200)]
TRAINING_ROWS, SIZES, REPEATS = 4_000, (1, 100, 500), 40


def row(columns: list[Any], dice: Random) -> list[Any]:
    values: list[Any] = []
    for column in columns:
        if column.missing and dice.random() < 0.1:
            values.append(None)
        elif isinstance(column, Number):
            values.append(round(dice.gauss(0, 1), 4))
        else:
            many = TOWNS if isinstance(column, Category) else WORDS
            values.append(" ".join(dice.choices(many, k=1 if many is TOWNS else 12)))
    return values


def predictor_of(schema: Schema, dice: Random) -> Predictor:
    rows = [row(schema.columns, dice) for _ in range(TRAINING_ROWS)]
    labels = [dice.choice(schema.target.classes or [dice.random()]) for _ in rows]
    estimator = default_estimator(schema.task, schema.columns)
    estimator.fit(matrix(rows, schema.columns), labels)
    return Predictor(estimator, "bench", ModelInput(schema))


def seconds(work: Callable[[], Any]) -> float:
    """Returns the median of REPEATS."""
    times = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return sorted(times)[REPEATS // 2]


def measure(schema: Schema, dice: Random) -> None:
    predictor, reader = predictor_of(schema, dice), Readers(schema).features
    for size in SIZES:
        rows = [row(schema.columns, dice) for _ in range(size)]
        body = Message([new_id() for _ in rows], rows, batched=size > 1).encode()
        request, errors = reader.decode(body)
        assert request is not None, errors
        (answer,), dead = model.answer(predictor, [request], lambda: None)
        assert not dead
        decode = seconds(partial(reader.decode, body))
        predict = seconds(partial(model.answer, predictor, [request], lambda: None))
        encode = seconds(answer.encode)
        whole = decode + predict + encode
        shares = ", ".join(
            f"{name} {part / whole:.0%}"
            for name, part in (("decode", decode), ("predict", predict), ("encode", encode))
        )
        print(f"{schema.name}, {size} rows a message: {size / whole:,.0f} rows/s ({shares})")


def main() -> None:
    dice = Random(0)
    for name, columns in (("ten mixed columns", MIXED), ("200 numbers", WIDE)):
        measure(Schema(name, "regression", Target("y"), columns), dice)
        kinds = Target("kind", classes=CLASSES)
        measure(Schema(f"{name}, classes", "classification", kinds, columns), dice)


if __name__ == "__main__":
    main()
