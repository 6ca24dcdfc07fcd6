"""What a client says of its patients, as the rows that the model takes."""

import random
from typing import NamedTuple

import numpy as np

from columns import COLUMNS
from pipeline import dataset

NAMES = tuple(column.name for column in COLUMNS)


class Patient(NamedTuple):
    """Ten values as they were measured, by the names of the columns, and the true label."""

    values: dict[str, float]
    label: float


def scaled(rows: list[list[float]]) -> list[list[float]]:
    """Rows of ten values as they were measured, scaled as the model's features are."""
    scaled_rows: list[list[float]] = dataset.scale(np.array(rows, dtype=np.float64)).tolist()
    return scaled_rows


def random_patient() -> Patient:
    """One of the held-out rows of the data set: a real patient, whom the model has not seen."""
    data = dataset.clinical_holdout()
    index = random.randrange(len(data.labels))
    return Patient(
        dict(zip(NAMES, data.features[index].tolist(), strict=True)), float(data.labels[index])
    )
