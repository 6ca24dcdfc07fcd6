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
        mask, *orders = _held_out(len(labels))
        # Streamed, and trained on, in this order from the start: a forest depends on it.
        return Rows(features.tolist(), labels.tolist(), mask, *orders)
    iris = load_iris()
    classes = iris.target_names[iris.target]
    return Rows(iris.data.tolist(), classes.tolist(), _held_out(len(classes), classes)[0])


def _held_out(
    count: int, classes: npt.NDArray[np.str_] | None = None
) -> tuple[Mask, list[int], list[int]]:
    """Returns True for each row that is held out, and the indexes of those, and of the others."""
    others, picked = train_test_split(
        np.arange(count), test_size=HOLDOUT_SHARE, random_state=SPLIT_SEED, stratify=classes
    )
    mask = np.zeros(count, dtype=np.bool_)
    mask[picked] = True
    return mask, picked.tolist(), others.tolist()
