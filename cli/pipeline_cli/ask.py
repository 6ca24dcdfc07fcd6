"""`python -m pipeline ask`: the gateway's calls from a terminal."""

import shlex
import sys
from typing import Annotated, Literal

import msgspec
import typer

from pipeline_cli import arguments, row_files, row_input
from pipeline_cli.arguments import Command
from pipeline_cli.gateway_answers import Job
from pipeline_cli.gateway_client import AskSettings, Gateway
from pipeline_cli.job_text import field, line, show, show_line, show_row, value_text
from pipeline_cli.row_input import Rows
from pipeline_cli.terminal import printable, say

MAX_WAIT_SECONDS = 30
EXAMPLES = """\
Examples, for the default data set, diabetes:
  {command} random
  {command} predict 59 2 32.1 101 157 93.2 38 4 4.8598 87
  {command} predict --file patients.csv
  {command} predict --model ridge-7f3a9c2b41de --file patients.csv
  {command} job ID --follow
  {command} label ID 151
and for data sets with categories, texts, and classes:
  {command} predict rooms=4 town=Bern remarks='quiet, with a garden'
  {command} label ID versicolor

GATEWAY_URL (http://localhost:8000) says where the gateway is, GATEWAY_API_KEY is its key."""

app = arguments.group("Ask the gateway for predictions, and report true values.", EXAMPLES)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, an object per line.")]
JobId = Annotated[str, typer.Argument(metavar="ID", show_default=False)]
Wait = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_WAIT_SECONDS,
        metavar="S",
        help="Seconds to wait for the prediction; 0 does not wait.",
    ),
]


def _gateway() -> Gateway:
    return Gateway(AskSettings.from_environment(), say)


@app.command("random", cls=Command)
def random(wait: Wait = 5, as_json: AsJson = False) -> int:
    """Predict for a random row, and show its true value.

    No model was trained on the row. The columns are shown with their units.
    """
    gateway = _gateway()
    schema, row = gateway.schema(), gateway.random_row()
    if not as_json:
        show_row(row, schema)
        print()
    rows = Rows([[row.values.get(name) for name in schema.names]], [])
    (job,) = gateway.predict(rows, row_input.units(None, schema), wait)
    show(job, as_json, schema.target.unit)
    if not as_json:
        truth = value_text(row.label)
        field("truth", f"{truth} {schema.target.unit}")
        print(f"\nreport it: {_command()} label {_argument(job.job_id)} {_argument(truth)}")
    return _status([job], wait)


@app.command(
    "predict",
    cls=Command,
    help="Predict from the values of a row, or from a file of rows.\n\n"
    "Give all values in the order of the columns, which `ask random` shows; or name=value, in "
    "any order. Put a value with spaces in quotes; '' is a missing value.",
)
def predict(
    values: Annotated[
        list[str] | None, typer.Argument(metavar="VALUE", help="Such as 4, or rooms=4.")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(metavar="F", help="Read rows from F: CSV with a header, or JSON; - is stdin."),
    ] = None,
    units: Annotated[
        Literal["raw", "scaled"] | None,
        typer.Option(
            help="raw: as measured; scaled: as messages carry them. For data sets with both, such "
            "as diabetes.",
            show_default="raw",
        ),
    ] = None,
    row_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Give the row an id of your own.")
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Ask a stored model by its id, which `models list` shows. Its rows have the "
            "columns that it takes.",
            show_default="the live model",
        ),
    ] = None,
    wait: Wait = 5,
    as_json: AsJson = False,
) -> int:
    gateway = _gateway()
    schema = gateway.schema(model)
    with arguments.usage("--units"):
        told = row_input.units(units, schema)
    rows = row_files.of_arguments(values or [], file, row_id, schema)
    if len(rows.values) == 1:
        (job,) = gateway.predict(rows, told, wait, model)
        show(job, as_json, schema.target.unit)
        return _status([job], wait)
    status = 0
    for index, batch in enumerate(rows.batches()):
        jobs = gateway.predict(batch, told, wait, model)
        if not index and not as_json:
            print(line("JOB", "STATUS", "PREDICTION", ""))
        for job in jobs:
            show_line(job, as_json)
        sys.stdout.flush()
        status |= _status(jobs, wait)
    return status


@app.command("job", cls=Command)
def job(
    job_id: JobId,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show each state until the last.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show a job's state and prediction."""
    gateway = _gateway()
    if not follow:
        found = gateway.job(job_id)
        show(found, as_json, "" if as_json else gateway.schema().target.unit)
        return int(found.status == "failed")
    seen: list[Job] = []

    def show_new(job: Job) -> None:
        if job not in seen[-1:]:  # after a broken stream the same job comes again
            seen.append(job)
            show_line(job, as_json)
            sys.stdout.flush()

    gateway.follow(job_id, show_new)
    return int(seen[-1].status == "failed")


@app.command("label", cls=Command)
def label(
    job_id: JobId,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="The number, or the class, that came true.")
    ],
) -> int:
    """Report the true value for a prediction."""
    gateway = _gateway()
    with arguments.usage("VALUE"):
        told = _label(gateway, job_id, value)
    taken = gateway.label(job_id, told)
    for warning in taken.warnings:
        say(warning)
    print(f"the label of {printable(job_id)} is {printable(value_text(told))}")
    if not taken.makes_row:
        say("it stays with the job, which asked a model by its id: metric_log.csv gets no row")
    return 0


def _label(gateway: Gateway, job_id: str, value: str) -> float | str:
    """Returns a label of the data set, or of the model that the job has asked by its id."""
    try:
        return row_input.label(value, gateway.schema())
    except ValueError:
        if (model_id := gateway.asked_model(job_id)) is None:
            raise
        return row_input.label(value, gateway.schema(model_id))


@app.command("health", cls=Command)
def health(as_json: AsJson = False) -> int:
    """Check whether the gateway has all it needs."""
    is_well, parts = _gateway().health()
    if as_json:
        print(msgspec.json.encode(parts).decode())
    else:
        for name, value in parts.items():
            field(name, str(value))
    return int(not is_well)


def _status(jobs: list[Job], wait: int) -> int:
    """Returns 1 if a prediction that was waited for is missing."""
    late = [job for job in jobs if not job.has_ended]
    if wait and late:
        say(f"not answered within {wait} s: {_command()} job {_argument(late[0].job_id)} --follow")
    return int(any(job.status == "failed" for job in jobs) or bool(wait and late))


def _argument(row_id: str) -> str:
    """Quotes an id for a shell."""
    return printable(shlex.quote(row_id))


def _command() -> str:
    return printable(f"{AskSettings.from_environment().command} ask")
