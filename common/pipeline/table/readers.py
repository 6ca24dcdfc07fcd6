"""The readers of a data set's messages, made from its schema."""

from functools import partial
from typing import Any, Self

from pipeline.message_reader import Kind, MessageReader
from pipeline.messages import Label, Prediction
from pipeline.settings import Settings
from pipeline.table.data_sets import load_schema
from pipeline.table.schema import MAX_CLASSES, MAX_COLUMNS, Schema
from pipeline.table.value_errors import label_error, listed, prediction_error, row_error, shown
from pipeline.table.wire import RowValues, in_order, label_type, prediction_type, values_type

# Of a prediction by a model of whatever data set, in an answer to a request by its id.
any_predictions: MessageReader[Prediction] = MessageReader(
    Kind(
        float | str | dict[str, float],
        "the body of a row is a number, a class, or an object of probabilities by class",
        lambda value: f"{shown(value)} is none of these",
        width=MAX_CLASSES,
    )
)

# Of a row of whatever data set, where it is only taken apart: a dead letter is about one row.
any_rows: MessageReader[Any] = MessageReader(
    Kind(
        list[Any] | dict[str, Any],
        "the body of a row is a list of values, or an object by their names",
        lambda value: f"{shown(value)} is neither",
        width=MAX_COLUMNS,
    )
)


class Readers:
    """The readers of rows, labels and predictions; made once, at start, as that takes a while."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Returns the readers of the data set that DATASET names. Raises SchemaError."""
        return cls(load_schema(settings.dataset, settings.datasets_dir))

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.features: MessageReader[RowValues] = MessageReader(_rows(schema))
        # What a label or a prediction is depends on the schema: a Label, a Prediction.
        self.labels: MessageReader[Any] = MessageReader(_labels(schema))
        predictions = _predictions(schema)
        self.predictions: MessageReader[Any] = MessageReader(predictions)
        self.shadow_predictions: MessageReader[Any] = MessageReader(
            predictions._replace(
                decoded_as=predictions.decoded_as | None,
                rule=f"{predictions.rule}, or null for none",
            )
        )


def _rows(schema: Schema) -> Kind[RowValues]:
    values, by_name = values_type(schema)
    kinds = "numbers" if schema.is_numeric else "values"
    return Kind(
        values | by_name,
        f"the body of a row is a list of {len(schema.columns)} {kinds} ({listed(schema.names)})",
        partial(row_error, schema=schema),
        width=len(schema.columns),
        odd=frozenset({by_name}),
        refine=in_order,
    )


def _labels(schema: Schema) -> Kind[Label]:
    rule = f"the body of a row is {_target(schema)}"
    return Kind(label_type(schema), rule, partial(label_error, schema=schema))


def _predictions(schema: Schema) -> Kind[Prediction]:
    problem = partial(prediction_error, schema=schema)
    if schema.task == "regression":
        return Kind(prediction_type(schema), f"the body of a row is {_target(schema)}", problem)

    def checked(probabilities: dict[str, float]) -> dict[str, float]:
        if wrong := problem(probabilities):
            raise ValueError(wrong)
        return probabilities

    return Kind(
        prediction_type(schema),
        f"the body of a row is {_target(schema)}, or an object of probabilities by class",
        problem,
        width=len(schema.target.classes),
        odd=frozenset({dict}),
        refine=checked,
    )


def _target(schema: Schema) -> str:
    if schema.task == "regression":
        return "one number"
    return f"one of the classes {listed(schema.target.classes)}"
