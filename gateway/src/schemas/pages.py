"""Schemas of the form's requests, other than jobs."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.predictions import MEASURED


class ColumnOut(BaseModel):
    """One of a patient's ten values: its meaning, and its range in the data set."""

    name: str = Field(examples=["bmi"])
    title: str = Field(examples=["Body mass index"])
    unit: str = Field(description="empty if there is none", examples=["kg/m²"])
    least: float = Field(examples=[18])
    most: float = Field(examples=[42.2])
    step: float = Field(description="its precision in the data set", examples=[0.1])
    lowest: float = Field(description="lower values are impossible, and are refused", examples=[5])
    highest: float = Field(
        description="higher values are impossible, and are refused", examples=[250]
    )
    meaning: str = Field(examples=["Weight / height²."])


class PatientOut(BaseModel):
    """A patient whom the model has not seen."""

    values: dict[str, float] = Field(description="in clinical units", examples=[MEASURED])
    label: float = Field(description="disease progression after one year", examples=[151])


class PredictionsOut(BaseModel):
    """The histogram of the predictions in metric_log.csv."""

    model_config = ConfigDict(allow_inf_nan=False)

    edges: list[float] = Field(
        description="of the bars, in points: one more than counts; none without rows",
        examples=[[100, 110, 120, 130]],
    )
    counts: list[int] = Field(examples=[[4, 0, 7]])
    rows: int = Field(description="all rows of the log", examples=[12])
    beyond: int = Field(0, description="rows so far out that they are in no bar", examples=[1])


class LinksOut(BaseModel):
    """Links to other pages."""

    live_page: str = Field(examples=["http://localhost:8080/"])
