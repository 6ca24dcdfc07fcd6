"""Formats jobs for a person in a terminal, or for a program."""

import msgspec

from pipeline.ids import MAX_ID_CHARACTERS
from pipeline_cli.gateway_answers import Job
from pipeline_cli.terminal import MAX_REASON_CHARACTERS, cell, printable


def show(job: Job, as_json: bool) -> None:
    """Prints all that is known of a job."""
    if as_json:
        show_line(job, as_json)
        return
    for name, value in msgspec.structs.asdict(job).items():
        if name == "warnings":
            for warning in value:
                field("warning", warning)
        elif value is not None:
            field(name.replace("_", " "), f"{value:.6g}" if isinstance(value, float) else value)


def field(name: str, value: str) -> None:
    print(f"{cell(name, 16):16}{printable(value).rstrip()}")


def show_line(job: Job, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(job).decode())
        return
    prediction = "" if job.prediction is None else f"{job.prediction:.6g}"
    print(line(job.job_id, job.status, prediction, job.reason or "; ".join(job.warnings)))


def line(job_id: str, status: str, prediction: str, reason: str) -> str:
    text = f"{cell(job_id, MAX_ID_CHARACTERS):36}  {cell(status, 12):10}  {prediction:>10}  "
    return (text + cell(reason, MAX_REASON_CHARACTERS)).rstrip()
