"""`python -m pipeline ask`: the gateway's calls from a terminal."""

import argparse
import shlex
import sys
from typing import Any

import msgspec

from pipeline.messages import FEATURE_NAMES
from pipeline_cli import patient_rows
from pipeline_cli.gateway_client import AskSettings, Gateway, Job
from pipeline_cli.job_text import field, line, show, show_line
from pipeline_cli.patient_rows import Rows
from pipeline_cli.terminal import printable

MOST_ROWS = 1000  # in one request
MOST_WAIT_SECONDS = 30
EXAMPLES = """\
examples:
  %(prog)s random
  %(prog)s predict 59 2 32.1 101 157 93.2 38 4 4.8598 87
  %(prog)s predict --file patients.csv
  %(prog)s job ID --follow
  %(prog)s label ID 151

GATEWAY_URL (http://localhost:8000) tells where the gateway is, GATEWAY_API_KEY its key."""


def add_to(commands: Any) -> None:
    """Adds the subcommand to those of `python -m pipeline`."""
    parser = commands.add_parser(
        "ask",
        help="ask the gateway for predictions",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    random = actions.add_parser("random", help="predict for a patient of the data set")
    _add_wait(random)
    random.set_defaults(run=_random)

    _add_predict(actions)

    job = actions.add_parser("job", help="how a job is")
    job.add_argument("id", metavar="ID")
    job.add_argument("--follow", action="store_true", help="show each state, until the last")
    _add_json(job)
    job.set_defaults(run=_job)

    label = actions.add_parser("label", help="tell what the truth was")
    label.add_argument("id", metavar="ID")
    label.add_argument("value", type=_number, metavar="VALUE", help="one year after baseline")
    label.set_defaults(run=_label)

    health = actions.add_parser("health", help="whether the gateway has all that it needs")
    _add_json(health)
    health.set_defaults(run=_health)


def _add_predict(actions: Any) -> None:
    parser = actions.add_parser(
        "predict",
        help="predict from ten numbers, or from a file of rows",
        description=f"The ten, in order: {' '.join(FEATURE_NAMES)}; or name=number, in any order.",
    )
    parser.add_argument("values", nargs="*", metavar="VALUE")
    parser.add_argument(
        "--file", metavar="F", help="rows: CSV with a line of names, or JSON; - is stdin"
    )
    parser.add_argument(
        "--units", choices=("raw", "scaled"), default="raw",
        help="raw: as a doctor measures (default); scaled: as load_diabetes() gives them",
    )  # fmt: skip
    parser.add_argument("--id", metavar="ID", help="an id of your own for the row")
    _add_wait(parser)
    parser.set_defaults(run=_predict, error=parser.error)


def _add_wait(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wait", type=_wait, default=5, metavar="S",
        help=f"how many seconds the gateway may take to answer (5, at most {MOST_WAIT_SECONDS}); "
        "0: do not wait",
    )  # fmt: skip
    _add_json(parser)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs: a JSON object a line")


def _wait(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_WAIT_SECONDS:
        raise argparse.ArgumentTypeError(f"0 to {MOST_WAIT_SECONDS} seconds, not {text!r}")
    return int(text)


def _number(text: str) -> float:
    try:
        return patient_rows.number(text, "the label")
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _gateway() -> Gateway:
    return Gateway(AskSettings.from_environment(), _say)


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def _random(args: argparse.Namespace) -> int:
    gateway = _gateway()
    patient = gateway.random_patient()
    if not args.json:
        for column in gateway.columns():
            value = f"{patient.values.get(column.name, float('nan')):g}"
            field(column.name, f"{value:8}{column.unit:8}{column.title}")
        print()
    (job,) = gateway.predict([patient.values], "raw", [], args.wait)
    show(job, args.json)
    if not args.json:
        field("truth", f"{patient.label:g}")
        print(f"\nto tell it: {_command()} label {_argument(job.job_id)} {patient.label:g}")
    return _status([job], args.wait)


def _predict(args: argparse.Namespace) -> int:
    rows, gateway = _rows(args), _gateway()
    if len(rows.values) == 1:
        (job,) = gateway.predict(rows.values, args.units, rows.ids, args.wait)
        show(job, args.json)
        return _status([job], args.wait)
    status = 0
    for start in range(0, len(rows.values), MOST_ROWS):
        part = slice(start, start + MOST_ROWS)
        jobs = gateway.predict(rows.values[part], args.units, rows.ids[part], args.wait)
        if not start and not args.json:
            print(line("JOB", "STATUS", "PREDICTION", ""))
        for job in jobs:
            show_line(job, args.json)
        sys.stdout.flush()
        status |= _status(jobs, args.wait)
    return status


def _rows(args: argparse.Namespace) -> Rows:
    """Reads the rows to predict; ends with status 2 if they cannot be read."""
    if bool(args.values) == (args.file is not None):
        args.error("give ten values, or --file")
    try:
        if args.file is None:
            rows = Rows([patient_rows.of_words(args.values)], [])
        else:
            rows = patient_rows.of_file(args.file)
    except ValueError as error:
        args.error(printable(f"{args.file or 'the values'}: {error}"))
    if args.id is None:
        return rows
    if len(rows.values) > 1:
        args.error("--id is for one row; a CSV file may have a column id")
    return Rows(rows.values, [args.id])


def _job(args: argparse.Namespace) -> int:
    gateway = _gateway()
    if not args.follow:
        job = gateway.job(args.id)
        show(job, args.json)
        return int(job.status == "failed")
    seen: list[Job] = []

    def show_new(job: Job) -> None:
        if job not in seen[-1:]:  # after a broken stream the same job comes again
            seen.append(job)
            show_line(job, args.json)
            sys.stdout.flush()

    gateway.follow(args.id, show_new)
    return int(seen[-1].status == "failed")


def _label(args: argparse.Namespace) -> int:
    for warning in _gateway().label(args.id, args.value):
        _say(warning)
    print(f"the label of {printable(args.id)} is {args.value:g}")
    return 0


def _health(args: argparse.Namespace) -> int:
    is_well, parts = _gateway().health()
    if args.json:
        print(msgspec.json.encode(parts).decode())
    else:
        for name, value in parts.items():
            field(name, str(value))
    return int(not is_well)


def _status(jobs: list[Job], wait: int) -> int:
    """Returns 1 if a prediction that was waited for is missing."""
    late = [job for job in jobs if not job.has_ended]
    if wait and late:
        _say(f"not answered within {wait} s: {_command()} job {_argument(late[0].job_id)} --follow")
    return int(any(job.status == "failed" for job in jobs) or bool(wait and late))


def _argument(row_id: str) -> str:
    """Quotes an id for a shell."""
    return printable(shlex.quote(row_id))


def _command() -> str:
    return printable(f"{AskSettings.from_environment().command} ask")
