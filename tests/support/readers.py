"""The readers of the default data set's messages."""

from pathlib import Path
from typing import Any

from pipeline.message_reader import MessageReader
from pipeline.table.data_sets import load_schema
from pipeline.table.readers import Readers

DIABETES = Readers(load_schema("diabetes", Path("datasets")))
FEATURES: MessageReader[Any] = DIABETES.features
VALUES = DIABETES.predictions
