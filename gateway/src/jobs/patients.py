"""Turns a client's patients into the rows that the model takes."""

import random
from typing import NamedTuple

import numpy as np

from pipeline import dataset
from schemas.columns import COLUMNS

NAMES = tuple(column.name for column in COLUMNS)


class Patient(NamedTuple):
    """Ten values as they were measured, by the names of the columns, and the true label."""

    values: dict[str, float]
    label: float


def scaled(rows: list[list[float]]) -> list[list[float]]:
    """Scales rows of ten values, as measured, like the model's features."""
    scaled_rows: list[list[float]] = dataset.scale(np.array(rows, dtype=np.float64)).tolist()
    return scaled_rows


def random_patient() -> Patient:
    """Returns a held-out row of the data set: a real patient whom the model has not seen."""
    data = dataset.clinical_holdout()
    index = random.randrange(len(data.labels))
    return Patient(
        dict(zip(NAMES, data.features[index].tolist(), strict=True)), float(data.labels[index])
    )
