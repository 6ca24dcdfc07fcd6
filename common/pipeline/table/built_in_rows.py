"""The rows of the built-in data sets, from scikit-learn: they never change, so a seed splits them.

Apart from built_in.py, as most services need only the schema, and have no scikit-learn.
"""

from functools import cache

import numpy as np
import numpy.typing as npt
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import train_test_split

from pipeline.dataset import SPLIT_SEED
from pipeline.table.built_in import DIABETES
from pipeline.table.rows import Rows
from pipeline.table.split import HOLDOUT_SHARE, Mask


@cache
def rows(name: str) -> Rows:
    """Returns the rows of a built-in data set: 442 of diabetes, 150 of iris."""
    if name == DIABETES:
        features, labels = load_diabetes(return_X_y=True)
        order, mask = _held_out(len(labels))
        return Rows(features.tolist(), labels.tolist(), mask, order)  # streamed so from the start
    iris = load_iris()
    classes = iris.target_names[iris.target]
    return Rows(iris.data.tolist(), classes.tolist(), *_held_out(len(classes), classes)[1:])


def _held_out(count: int, classes: npt.NDArray[np.str_] | None = None) -> tuple[list[int], Mask]:
    _, picked = train_test_split(
        np.arange(count), test_size=HOLDOUT_SHARE, random_state=SPLIT_SEED, stratify=classes
    )
    mask = np.zeros(count, dtype=np.bool_)
    mask[picked] = True
    return picked.tolist(), mask
