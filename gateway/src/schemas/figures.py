"""The errors of a model on rows that it was not trained on; null where they are of another task."""

from typing import Annotated

from pydantic import Field

Rmse = Annotated[
    float | None,
    Field(description="Root mean squared error on rows that the model was not trained on."),
]
Mae = Annotated[float | None, Field(description="Mean absolute error on the same rows.")]
BaselineMae = Annotated[
    float | None,
    Field(
        description="The same of always telling the median of the training rows; null if it was "
        "not measured."
    ),
]
Accuracy = Annotated[
    float | None,
    Field(description="Share of right classes, among rows that the model was not trained on."),
]
MajorityAccuracy = Annotated[
    float | None,
    Field(description="The same of always telling the most frequent class of the training rows."),
]
LogLoss = Annotated[
    float | None, Field(description="Mean of -ln of the true class's probability, same rows.")
]
HalfBrier = Annotated[
    float | None,
    Field(
        description="Half the mean squared distance of the probabilities from the true class, 0 to "
        "1: what promotions of a classifier are decided by."
    ),
]
HoldoutRowsSeen = Annotated[
    int | None,
    Field(
        description="How many of the data set's hold-out rows, on which promotions are decided, "
        "were in its training data; null if unknown."
    ),
]
