"""Schemas of the comparison of a shadow model with the live one."""

from typing import Literal

from pydantic import BaseModel, Field


class DifferenceOut(BaseModel):
    """The shadow model's mean score less the live one's, with a confidence interval."""

    mean: float
    low: float = Field(description="With `high` the 95 % confidence interval.")
    high: float


class ComparedOut(BaseModel):
    """One of the two models that are compared."""

    model_id: str


class ComparisonOut(BaseModel):
    """The comparison of a shadow model with the live one, as plot's page shows it."""

    rows: int = Field(description="Rows that both have predicted.", examples=[812])
    rows_needed: int = Field(description="Without so many there is no verdict.", examples=[100])
    failed: int = Field(description="Rows that the shadow model could not predict.", examples=[0])
    candidate: ComparedOut = Field(description="The shadow model.")
    live: ComparedOut
    difference: DifferenceOut | None = Field(
        description="Of the absolute errors, or of classes the half Brier scores: negative if the "
        "shadow model is better. null while there are too few rows."
    )
    verdict: Literal["failing", "too few rows", "better", "worse", "equal", "unclear"]


class ShadowOut(BaseModel):
    """The latest comparison of a shadow model with the live one."""

    comparison: ComparisonOut | None = Field(description="null if no shadow model has had rows.")
