"""The messages of the shadow model, which metric takes in addition to labels and predictions."""

import math
from typing import Any

from msgspec.structs import replace

from pipeline.broker import Batch
from pipeline.broker.topology import TopologyParts
from pipeline.messages import DeadLetter, Message
from pipeline.queues import Y_PRED, Y_PRED_SHADOW, Y_TRUE
from pipeline.schemas import SHADOW_VALUES, Schema

USES: TopologyParts = ["shadow"]
OPTIONAL = (Y_PRED_SHADOW,)


def decode(batch: Batch, schema: Schema[float]) -> tuple[list[Message[float]], list[DeadLetter]]:
    """Decodes labels and predictions by the schema, and then the shadow predictions in the batch.

    Infinity stands for a row that the shadow model could not predict, so that it has an error, too.
    """
    messages, bad = batch.of(Y_TRUE, Y_PRED).decode(schema)
    shadow, bad_shadow = batch.of(Y_PRED_SHADOW).decode(SHADOW_VALUES)
    return [*messages, *map(_with_infinite, shadow)], [*bad, *bad_shadow]


def _with_infinite(message: Message[Any]) -> Message[float]:
    values = [math.inf if value is None else value for value in message.values]
    return replace(message, values=values)
