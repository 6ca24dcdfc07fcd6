"""Schemas of the form's requests, other than jobs."""

from pydantic import BaseModel, ConfigDict, Field


class RowOut(BaseModel):
    """A row that no model was trained on, and its label."""

    values: dict[str, float | str | None] = Field(
        description="By the names of the columns, as /schema has them: numbers as measured, null "
        "for what is missing."
    )
    label: float | str = Field(description="What it gives: a number, or a class.")


class PredictionsOut(BaseModel):
    """The histogram of the predictions in metric_log.csv."""

    model_config = ConfigDict(allow_inf_nan=False)

    edges: list[float] = Field(
        description="of the bars: one more than counts; none without rows",
        examples=[[100, 110, 120, 130]],
    )
    counts: list[int] = Field(examples=[[4, 0, 7]])
    rows: int = Field(description="all rows of the log", examples=[12])
    beyond: int = Field(0, description="rows so far out that they are in no bar", examples=[1])


class ClassPredictionsOut(BaseModel):
    """The number of rows by predicted class, in metric_log.csv."""

    classes: list[str] = Field(examples=[["setosa", "versicolor"]])
    counts: list[int] = Field(examples=[[4, 7]])
    rows: int = Field(description="all rows of the log", examples=[11])


class LinksOut(BaseModel):
    """Links to other pages."""

    live_page: str = Field(examples=["http://localhost:8080/"])
