"""The errors of the default model of a data set on rows that it was not trained on."""

import logging
from typing import Any

from pipeline.errors import ModelError
from pipeline.model_store.metrics import class_metrics, metrics_of
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import Metrics
from pipeline.numbers import readable
from pipeline.table.matrix import Matrix
from pipeline.table.schema import Schema

log = logging.getLogger(__name__)


def quality(
    predictor: Predictor, schema: Schema, held_out: tuple[Matrix, Matrix], seen: Matrix
) -> tuple[Metrics | None, list[str]]:
    """Returns the errors on the rows held out, with what else is to know of them; logs both."""
    rows, labels = held_out
    outcomes = predictor.predict(rows)  # type: ignore[arg-type]  # rows of an array are rows, too
    pairs = [
        (label, outcome)
        for label, outcome in zip(labels.tolist(), outcomes, strict=True)
        if not isinstance(outcome, Failed)
    ]
    failed = [outcome.reason for outcome in outcomes if isinstance(outcome, Failed)]
    notes = []
    if failed:
        notes.append(f"it fails on {len(failed)} of {len(rows)} held-out rows: {failed[0]}")
    if not pairs:
        notes.append("it is not known how good it is: no row is held out that it can predict")
        log.warning("%s: %s", schema.name, "; ".join(notes))
        return None, notes
    told, predicted = ([pair[index] for pair in pairs] for index in (0, 1))
    metrics, text = _measured(told, predicted, schema, seen)
    log.info("%s: %s", schema.name, "; ".join([text, *notes]))
    return metrics, notes


def _measured(
    labels: list[Any], predictions: list[Any], schema: Schema, seen: Matrix
) -> tuple[Metrics, str]:
    """Returns the errors, and a text with what they would be of a model that looks at no row."""
    if schema.task == "classification":
        metrics = class_metrics(labels, predictions, schema.target.classes, seen.tolist())
        return metrics, (
            f"accuracy {metrics.accuracy:.3f} ({metrics.majority_accuracy:.3f} by always telling "
            f"the most frequent class), log loss {metrics.log_loss:.3f}, half Brier score "
            f"{metrics.half_brier:.3f} on {len(labels)} held-out rows"
        )
    try:
        metrics = metrics_of(labels, predictions, seen)
    except ValueError as error:
        raise ModelError(f"the model of {schema.name} is of no use: {error}") from error
    figures: list[Any] = [metrics.rmse, metrics.mae, metrics.baseline_mae]
    root_mean_squared, mae, of_median = map(readable, figures)
    return metrics, (
        f"RMSE {root_mean_squared}, MAE {mae} ({of_median} by always telling the median) on "
        f"{len(labels)} held-out rows"
    )
