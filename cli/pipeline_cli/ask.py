"""`python -m pipeline ask`: the gateway's calls from a terminal."""

import shlex
import sys
from typing import Annotated, Literal

import msgspec
import typer

from pipeline.messages import FEATURE_NAMES
from pipeline.table.built_in import DIABETES
from pipeline_cli import arguments, patient_rows
from pipeline_cli.arguments import Command
from pipeline_cli.gateway_answers import Job
from pipeline_cli.gateway_client import AskSettings, Gateway
from pipeline_cli.gateway_http import GatewayError
from pipeline_cli.job_text import field, line, show, show_line
from pipeline_cli.patient_rows import Rows
from pipeline_cli.terminal import printable, say

MAX_ROWS = 1000  # in one request
MAX_WAIT_SECONDS = 30
EXAMPLES = """\
Examples:
  {command} random
  {command} predict 59 2 32.1 101 157 93.2 38 4 4.8598 87
  {command} predict --file patients.csv
  {command} job ID --follow
  {command} label ID 151

GATEWAY_URL (http://localhost:8000) says where the gateway is, GATEWAY_API_KEY is its key."""

app = arguments.group("Ask the gateway for predictions.", EXAMPLES)

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


def _number(text: str) -> float:
    try:
        return patient_rows.number(text, "the label")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _gateway() -> Gateway:
    return Gateway(AskSettings.from_environment(), say)


@app.command("random", cls=Command)
def random(wait: Wait = 5, as_json: AsJson = False) -> int:
    """Predict for a random patient of the data set."""
    gateway = _gateway()
    patient = gateway.random_patient()
    if not as_json:
        for column in gateway.columns():
            value = f"{patient.values.get(column.name, float('nan')):g}"
            field(column.name, f"{value:8}{column.unit:8}{column.title}")
        print()
    (job,) = gateway.predict([patient.values], "raw", [], wait)
    show(job, as_json)
    if not as_json:
        field("truth", f"{patient.label:g}")
        print(f"\nreport it: {_command()} label {_argument(job.job_id)} {patient.label:g}")
    return _status([job], wait)


@app.command(
    "predict",
    cls=Command,
    help="Predict from ten values, or from a file of rows.\n\n"
    f"The values in order: {' '.join(FEATURE_NAMES)}; or as name=value, in any order.",
)
def predict(
    values: Annotated[list[str] | None, typer.Argument(metavar="VALUE")] = None,
    file: Annotated[
        str | None,
        typer.Option(metavar="F", help="Read rows from F: CSV with a header, or JSON; - is stdin."),
    ] = None,
    units: Annotated[
        Literal["raw", "scaled"],
        typer.Option(help="raw: as measured; scaled: as load_diabetes() returns them."),
    ] = "raw",
    row_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Give the row an id of your own.")
    ] = None,
    wait: Wait = 5,
    as_json: AsJson = False,
) -> int:
    gateway = _gateway()
    _refuse_other_data_sets()
    rows = _rows(values or [], file, row_id)
    if len(rows.values) == 1:
        (job,) = gateway.predict(rows.values, units, rows.ids, wait)
        show(job, as_json)
        return _status([job], wait)
    status = 0
    for start in range(0, len(rows.values), MAX_ROWS):
        part = slice(start, start + MAX_ROWS)
        jobs = gateway.predict(rows.values[part], units, rows.ids[part], wait)
        if not start and not as_json:
            print(line("JOB", "STATUS", "PREDICTION", ""))
        for job in jobs:
            show_line(job, as_json)
        sys.stdout.flush()
        status |= _status(jobs, wait)
    return status


def _refuse_other_data_sets() -> None:
    """Raises GatewayError before rows of another data set are read as ten numbers."""
    settings = AskSettings.from_environment()
    if settings.own_place:
        raise GatewayError(
            f"DATASET is {settings.dataset!r}, and rows can be asked only of {DIABETES!r} so far"
        )


def _rows(values: list[str], file: str | None, row_id: str | None) -> Rows:
    """Reads the rows to predict; raises BadParameter if they cannot be read."""
    if bool(values) == (file is not None):
        raise typer.BadParameter("give ten values, or --file", param_hint="VALUE")
    try:
        rows = patient_rows.of_words(values) if file is None else patient_rows.of_file(file)
    except ValueError as error:
        hint = "VALUE" if file is None else f"--file={file}"
        raise typer.BadParameter(printable(str(error)), param_hint=printable(hint)) from error
    if row_id is None:
        return rows
    if len(rows.values) > 1:
        raise typer.BadParameter("put ids into a column id of the file", param_hint="--id")
    return Rows(rows.values, [row_id])


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
        show(found, as_json)
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
        float,
        typer.Argument(
            parser=_number, metavar="VALUE", help="Disease progression one year after baseline."
        ),
    ],
) -> int:
    """Report the true value for a prediction."""
    for warning in _gateway().label(job_id, value):
        say(warning)
    print(f"the label of {printable(job_id)} is {value:g}")
    return 0


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
