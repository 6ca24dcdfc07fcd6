"""The data sets that need no files: diabetes, the default, and iris, with classes.

Their rows come from scikit-learn, and never change; so a seed may split them.
"""

from functools import cache

import numpy as np
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import train_test_split

from pipeline.dataset import NAME as DIABETES
from pipeline.dataset import SPLIT_SEED
from pipeline.table.rows import Rows
from pipeline.table.schema import Measured, Number, Schema, Target
from pipeline.table.split import HOLDOUT_SHARE, Mask

IRIS = "iris"

# Name, title, unit; range in the data set; possible range, with room to spare; precision; note.
# From scikit-learn's description, which does not say which sex is 1 and which is 2.
_MEASURED = [
    ("age", "Age", "years", 19, 79, 0, 130, 1, "At the start of the study."),
    ("sex", "Sex", "", 1, 2, 1, 2, 1, "The data set does not say which is which."),
    ("bmi", "Body mass index", "kg/m²", 18, 42.2, 5, 250, 0.1, "Weight / height²."),
    ("bp", "Blood pressure", "mmHg", 62, 133, 20, 300, 0.01, "Average blood pressure."),
    ("s1", "Total cholesterol", "mg/dl", 97, 301, 10, 2000, 1, "In the blood serum."),
    ("s2", "LDL", "mg/dl", 41.6, 242.4, 0, 2000, 0.1, "Low-density lipoproteins."),
    ("s3", "HDL", "mg/dl", 22, 99, 1, 400, 1, "High-density lipoproteins."),
    ("s4", "Cholesterol ratio", "", 2, 9.09, 1, 200, 0.01, "Total cholesterol divided by HDL."),
    ("s5", "ln triglycerides", "", 3.2581, 6.107, 2, 11, 0.0001,
     "Natural logarithm of mg/dl: 100 mg/dl are 4.6052."),
    ("s6", "Blood sugar", "mg/dl", 58, 124, 10, 3000, 1, "Glucose in the blood."),
]  # fmt: skip


@cache
def schema(name: str) -> Schema | None:
    """Returns the schema of a built-in data set; None if there is none of this name."""
    if name == DIABETES:
        return _diabetes()
    return _iris() if name == IRIS else None


@cache
def rows(name: str) -> Rows:
    """Returns the rows of a built-in data set: 442 of diabetes, 150 of iris."""
    if name == DIABETES:
        features, labels = load_diabetes(return_X_y=True)
        return Rows(features.tolist(), labels.tolist(), _held_out(len(labels)))
    iris = load_iris()
    classes = iris.target_names[iris.target]
    return Rows(iris.data.tolist(), classes.tolist(), _held_out(len(classes), classes))


def _held_out(count: int, classes: "np.typing.NDArray[np.str_] | None" = None) -> Mask:
    _, picked = train_test_split(
        np.arange(count), test_size=HOLDOUT_SHARE, random_state=SPLIT_SEED, stratify=classes
    )
    mask = np.zeros(count, dtype=np.bool_)
    mask[picked] = True
    return mask


def _diabetes() -> Schema:
    """Returns the schema whose columns are scaled as load_diabetes() scales them.

    Each column less its mean is divided by the square root of its sum of squares.
    """
    measured = load_diabetes(scaled=False).data
    mean = measured.mean(axis=0)
    scale = np.sqrt(((measured - mean) ** 2).sum(axis=0))
    columns = [
        Number(
            name,
            title,
            note,
            measured=Measured(
                float(mean[index]), float(scale[index]), unit, least, most, lowest, highest, step
            ),
        )
        for index, (name, title, unit, least, most, lowest, highest, step, note) in enumerate(
            _MEASURED
        )
    ]
    target = Target("target", "Disease progression one year after baseline", "", 25, 346)
    return Schema(DIABETES, "regression", target, [*columns], "Diabetes progression", "seed")


def _iris() -> Schema:
    data = load_iris()
    columns = [
        Number(
            name.removesuffix(" (cm)").replace(" ", "_"),
            name.removesuffix(" (cm)").capitalize(),
            unit="cm",
            least=float(column.min()),
            most=float(column.max()),
            lowest=0,
            step=0.1,
        )
        for name, column in zip(data.feature_names, data.data.T, strict=True)
    ]
    target = Target("species", "Species", classes=data.target_names.tolist())
    return Schema(IRIS, "classification", target, [*columns], "Iris flowers", "seed")
