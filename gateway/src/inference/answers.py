"""Makes the answer of a request from its jobs that have ended."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from inference.binary_tensors import encoded
from inference.protocol import FailedRowsError, InferRequest, LateError, ProtocolError, flag, shown
from inference.tensors import BYTES
from pipeline.table.schema import Schema
from pipeline.table.schema_file import JOB_ID
from pipeline.table.value_errors import listed
from schemas.jobs import Job

MAX_REASONS = 20  # a thousand rows can fail at once
PREDICTION, PROBABILITIES, REASON = "prediction", "probabilities", "reason"


class Output(NamedTuple):
    """A tensor of an answer: how a client finds it, and its values in row order."""

    name: str
    datatype: str
    shape: list[int]
    values: list[Any]
    parameters: dict[str, str]


class Answer(NamedTuple):
    """The body of an answer; `json_bytes` of it are JSON, None if there is nothing else."""

    content: bytes
    json_bytes: int | None


def refuse_late(jobs: list[Job], seconds: float) -> None:
    """Raises LateError if a job has not ended, after so many seconds."""
    late = [job.job_id for job in jobs if not job.has_ended]
    if late:
        raise LateError(
            f"{len(late):,} of {len(jobs):,} rows have no answer yet, after at most {seconds:g} s: "
            f"ask for it with GET /job/{{id}} for {', '.join(late)}"
        )


def refuse_failures(jobs: list[Job]) -> None:
    """Raises FailedRowsError if a row has no prediction."""
    failed = [(row, job) for row, job in enumerate(jobs) if job.prediction is None]
    if not failed:
        return
    reasons = [f"row {row} (job {job.job_id}): {job.reason}" for row, job in failed[:MAX_REASONS]]
    if len(failed) > MAX_REASONS:
        reasons.append(f"{len(failed) - MAX_REASONS:,} more")
    raise FailedRowsError(
        f"{len(failed):,} of {len(jobs):,} rows have no prediction: {'; '.join(reasons)}. With the "
        'parameter "partial": true the others are answered'
    )


def output_names(schema: Schema) -> list[str]:
    """Returns the names of all outputs of a model; the first is its prediction."""
    return [PREDICTION, *[PROBABILITIES][: len(schema.target.classes)], JOB_ID, REASON]


def check_wanted(request: InferRequest, schema: Schema) -> None:
    """Raises ProtocolError for outputs that the model does not have, and wrong parameters."""
    flag(request.parameters, "binary_data_output")
    names = output_names(schema)
    for each in request.outputs or []:
        if each.name not in names:
            raise ProtocolError(
                f"there is no output {shown(each.name)}: the outputs are {listed(names)}"
            )
        flag(each.parameters, "binary_data")
        if any(name.startswith("shared_memory") for name in each.parameters or {}):
            raise ProtocolError(f"the output {shown(each.name)}: there is no shared memory here")
    wanted = [each.name for each in request.outputs or []]
    if len({*wanted}) < len(wanted):
        raise ProtocolError("an output is asked for twice")


def answer(
    jobs: list[Job], request: InferRequest, schema: Schema, name: str, *, is_partial: bool
) -> Answer:
    """Returns the answer of a request that check_wanted() has passed."""
    default = flag(request.parameters, "binary_data_output")
    if request.outputs:
        wanted = {each.name: flag(each.parameters, "binary_data", default)
                  for each in request.outputs}  # fmt: skip
    else:
        names = [each for each in output_names(schema) if each != REASON or is_partial]
        if not any(job.probabilities for job in jobs):
            names = [each for each in names if each != PROBABILITIES]
        wanted = dict.fromkeys(names, default)
    outputs = [(_MAKERS[each](jobs, schema), wanted[each]) for each in wanted]
    versions = dict.fromkeys(job.model_id for job in jobs if job.model_id)
    head = {"model_name": name, "model_version": ",".join(versions)}
    if request.id is not None:
        head["id"] = request.id
    return _written(head, outputs)


def _written(head: dict[str, Any], outputs: list[tuple[Output, bool]]) -> Answer:
    tails, described = [], []
    for output, is_binary in outputs:
        each: dict[str, Any] = {
            "name": output.name,
            "datatype": output.datatype,
            "shape": output.shape,
        }
        parameters: dict[str, Any] = {**output.parameters}
        if is_binary:
            tails.append(encoded(output.values, output.datatype))
            parameters["binary_data_size"] = len(tails[-1])
        if parameters:
            each["parameters"] = parameters
        described.append(each if is_binary else each | {"data": _data(output)})
    content = msgspec.json.encode(head | {"outputs": described})
    return Answer(content + b"".join(tails), len(content) if tails else None)


def _data(output: Output) -> list[Any]:
    """Returns the values for JSON, by rows: of a flat list PandasCodec makes as many rows."""
    if len(output.shape) == 1:
        return output.values
    width = output.shape[1]
    return [output.values[start : start + width] for start in range(0, len(output.values), width)]


def _prediction(jobs: list[Job], schema: Schema) -> Output:
    datatype = BYTES if schema.target.classes else "FP64"
    return Output(PREDICTION, datatype, [len(jobs)], [job.prediction for job in jobs], {})


def _probabilities(jobs: list[Job], schema: Schema) -> Output:
    classes = schema.target.classes
    values = [(job.probabilities or {}).get(each) for job in jobs for each in classes]
    shape = [len(jobs), len(classes)]
    return Output(PROBABILITIES, "FP64", shape, values, {"classes": texts(classes)})


def _job_id(jobs: list[Job], _: Schema) -> Output:
    return Output(JOB_ID, BYTES, [len(jobs)], [job.job_id for job in jobs], {})


def _reason(jobs: list[Job], _: Schema) -> Output:
    reasons = [job.reason or "" for job in jobs]
    return Output(REASON, BYTES, [len(jobs)], reasons, {})


_MAKERS: dict[str, Callable[[list[Job], Schema], Output]] = {
    PREDICTION: _prediction,
    PROBABILITIES: _probabilities,
    JOB_ID: _job_id,
    REASON: _reason,
}


def texts(values: list[str]) -> str:
    """Returns a list of texts as one, a JSON list: the protocol's parameters have no lists."""
    return msgspec.json.encode(values).decode()
