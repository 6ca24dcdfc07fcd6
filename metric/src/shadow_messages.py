"""The messages of the shadow model, which metric takes in addition to labels and predictions."""

import math
from typing import Any

from msgspec.structs import replace

from pipeline.broker import Batch
from pipeline.broker.layout import TopologyParts
from pipeline.messages import DeadLetter, Message
from pipeline.queues import Y_PRED, Y_PRED_SHADOW, Y_TRUE
from pipeline.table.readers import Readers

USES: TopologyParts = ["shadow"]
OPTIONAL = (Y_PRED_SHADOW,)


def decode(batch: Batch, readers: Readers) -> tuple[list[Message[Any]], list[DeadLetter]]:
    """Decodes labels, predictions, and then the shadow predictions in the batch.

    Infinity stands for a row that the shadow model could not predict, so that it has an error, too.
    """
    labels, bad = batch.of(Y_TRUE).decode(readers.labels)
    predictions, bad_predictions = batch.of(Y_PRED).decode(readers.predictions)
    shadow, bad_shadow = batch.of(Y_PRED_SHADOW).decode(readers.shadow_predictions)
    messages: list[Message[Any]] = [*labels, *predictions, *map(_with_infinite, shadow)]
    return messages, [*bad, *bad_predictions, *bad_shadow]


def _with_infinite(message: Message[Any]) -> Message[Any]:
    values = [math.inf if value is None else value for value in message.values]
    return replace(message, values=values)
