"""The columns that people are asked for are those of the data set."""

import pandas as pd
import pytest
from sklearn.datasets import load_diabetes

from schemas.columns import COLUMNS, Column

RAW: pd.DataFrame = load_diabetes(scaled=False, as_frame=True).data


def test_they_are_the_ten_of_the_data_set_in_its_order() -> None:
    assert [column.name for column in COLUMNS] == list(RAW.columns)


@pytest.mark.parametrize("column", COLUMNS, ids=[column.name for column in COLUMNS])
def test_every_patient_of_the_data_set_can_be_entered(column: Column) -> None:
    values = RAW[column.name]
    assert (column.least, column.most) == (values.min(), values.max())
    assert column.lowest <= column.least < column.most <= column.highest
    steps = (values - column.lowest) / column.step  # a form counts its steps from there
    assert (steps - steps.round()).abs().max() < 1e-6, f"between two steps of {column.step}"
