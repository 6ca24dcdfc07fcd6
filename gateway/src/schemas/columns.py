"""The ten columns of the data set in clinical units, as people are asked for them."""

from typing import NamedTuple


class Column(NamedTuple):
    """One value of a patient: `least` and `most` are the data set's, `step` its precision.

    Values from `lowest` to `highest` can be measured in people at all, with room to spare.
    """

    name: str
    title: str
    unit: str
    least: float
    most: float
    step: float
    lowest: float
    highest: float
    meaning: str


# From scikit-learn's description, which does not say which sex is 1 and which is 2.
COLUMNS = [
    Column("age", "Age", "years", 19, 79, 1, 0, 130, "At the start of the study."),
    Column("sex", "Sex", "", 1, 2, 1, 1, 2, "The data set does not say which is which."),
    Column("bmi", "Body mass index", "kg/m²", 18, 42.2, 0.1, 5, 250, "Weight / height²."),
    Column("bp", "Blood pressure", "mmHg", 62, 133, 0.01, 20, 300, "Average blood pressure."),
    Column("s1", "Total cholesterol", "mg/dl", 97, 301, 1, 10, 2000, "In the blood serum."),
    Column("s2", "LDL", "mg/dl", 41.6, 242.4, 0.1, 0, 2000, "Low-density lipoproteins."),
    Column("s3", "HDL", "mg/dl", 22, 99, 0.1, 1, 400, "High-density lipoproteins."),
    Column(
        "s4", "Cholesterol ratio", "", 2, 9.09, 0.01, 1, 200, "Total cholesterol divided by HDL."
    ),
    Column(
        "s5", "ln triglycerides", "", 3.2581, 6.107, 0.0001, 2, 11,
        "Natural logarithm of mg/dl: 100 mg/dl are 4.6052.",
    ),
    Column("s6", "Blood sugar", "mg/dl", 58, 124, 1, 10, 3000, "Glucose in the blood."),
]  # fmt: skip
