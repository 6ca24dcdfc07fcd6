"""Completes the request for a training by the schema, and says where its model could not answer."""

from pathlib import Path
from typing import Any

from fastapi.exceptions import RequestValidationError

from pipeline.table.schema import Schema, SchemaError, Task
from pipeline.table.value_errors import listed
from pipeline.training import ALGORITHMS_OF, DEFAULT_ALGORITHM, known_schema
from schemas.trainings import TrainRequest

HERE = "it cannot be promoted or tried here"


def completed(
    body: TrainRequest, present: Schema, datasets_dir: Path
) -> tuple[TrainRequest, list[str]]:
    """Returns the request with all that it leaves out, and what keeps its model from answering.

    `present` is the schema of the DATASET; another data set may be trained on, too. Blocks a
    moment. Raises RequestValidationError, which is told as 422, for what cannot be trained.
    """
    name = body.dataset_id or present.name
    known = present if name == present.name else _schema(name, datasets_dir)
    schema = known or present  # a file of the model store has none: it is taken for one of ours
    target = body.target or schema.target.name
    task: Task = schema.task if target == schema.target.name else "regression"
    fields = {
        "dataset_id": name,
        "features": body.features or [each for each in schema.names if each != target],
        "target": target,
        "algorithm": body.algorithm or DEFAULT_ALGORITHM[task],
    }
    request = body.model_copy(update=fields)
    _refuse(request, known, task)
    return request, _warnings(request, present, known, task)


def _schema(name: str, datasets_dir: Path) -> Schema | None:
    try:
        return known_schema(name, datasets_dir)
    except SchemaError as error:
        raise _invalid(f"the data set {name!r} cannot be used: {error}", "dataset_id") from error


def _refuse(request: TrainRequest, known: Schema | None, task: Task) -> None:
    """Raises RequestValidationError for what no trainer could do."""
    if known and request.target != known.target.name:
        raise _invalid(
            f"the target of the data set {known.name!r} is {known.target.name!r}", "target"
        )
    for index, name in enumerate(request.features):
        if name == request.target:
            raise _invalid(f"the target {name!r} is one of the features", "features", index)
        if known and name not in known.names:
            raise _invalid(
                f"the data set {known.name!r} has no column {name!r}: it has {listed(known.names)}",
                "features", index,
            )  # fmt: skip
    if request.algorithm not in ALGORITHMS_OF[task]:
        raise _invalid(
            f"there is no algorithm {request.algorithm!r} for {task}: there is "
            f"{', '.join(ALGORITHMS_OF[task])}",
            "algorithm",
        )


def _warnings(
    request: TrainRequest, present: Schema, known: Schema | None, task: Task
) -> list[str]:
    """Says why the model could not be promoted or tried where DATASET is the present one."""
    if known and known.name != present.name:
        return [
            f"the model is one of the data set {known.name!r}: {HERE}, where DATASET is "
            f"{present.name!r}, but can be where it is {known.name!r}"
        ]
    found = []
    if missing := [name for name in request.features if name not in present.names]:
        found.append(
            f"the model takes {listed(missing)}, and a row of {present.name!r} brings "
            f"{listed(present.names)}: {HERE}"
        )
    if task != present.task:
        found.append(
            f"the model predicts a number, {request.target!r}, and here a class is predicted, "
            f"{present.target.name!r}: {HERE}"
        )
    elif request.target != present.target.name:
        found.append(
            f"the model predicts {request.target!r}, and here {present.target.name!r} is "
            "predicted: promote or try it only if both are the same"
        )
    return found


def _invalid(message: str, *place: Any) -> RequestValidationError:
    error = {"loc": ("body", *place), "msg": message, "type": "value_error"}
    return RequestValidationError([error])
