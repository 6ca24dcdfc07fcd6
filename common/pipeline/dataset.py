"""The diabetes data set, and the split that keeps some of its rows from the model."""

from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

from pipeline.table.split import HOLDOUT_SHARE

NAME = "diabetes"
SPLIT_SEED = 20  # fixed: all processes agree on the split, and a repeated training on its model


class Dataset(NamedTuple):
    """Features and labels of n rows.

    `features` has shape (n, 10), scaled as load_diabetes() gives it; `labels` has shape (n,), the
    disease progression one year after baseline (a score from 25 to 346).
    """

    features: npt.NDArray[np.float64]
    labels: npt.NDArray[np.float64]


def whole() -> Dataset:
    """Returns all 442 rows."""
    return Dataset(*load_diabetes(return_X_y=True))


def clinical() -> Dataset:
    """Returns all 442 rows, with features as measured: age in years, BMI in kg/m² and so on."""
    return Dataset(*load_diabetes(return_X_y=True, scaled=False))


def training() -> Dataset:
    """Returns the 353 rows (80 %) that the model is trained on."""
    return split(whole())[0]


def holdout() -> Dataset:
    """Returns the 89 rows (20 %) that the model has not seen, so that errors on them are honest."""
    return split(whole())[1]


@cache
def clinical_holdout() -> Dataset:
    """Returns the 89 rows of holdout(), with features as measured."""
    return split(clinical())[1]


def split(data: Dataset) -> tuple[Dataset, Dataset]:
    """Returns the rows to train on, and the 20 % held out: the same ones each time."""
    seen, held_out, seen_labels, held_out_labels = train_test_split(
        *data, test_size=HOLDOUT_SHARE, random_state=SPLIT_SEED
    )
    return Dataset(seen, seen_labels), Dataset(held_out, held_out_labels)
