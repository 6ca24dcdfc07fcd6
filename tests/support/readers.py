"""The readers of the default data set's messages."""

from typing import Any

from pipeline.message_reader import MessageReader
from pipeline.table.readers import Readers
from support.schemas import DIABETES

READERS = Readers(DIABETES)
FEATURES: MessageReader[Any] = READERS.features
VALUES = READERS.predictions
