"""`python -m pipeline train`: asks the gateway for a training, and follows it."""

import csv
import sys
import time
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pipeline import csv_table
from pipeline.errors import PipelineError
from pipeline_cli.gateway_answers import Training
from pipeline_cli.gateway_client import AskSettings, Gateway
from pipeline_cli.job_text import field, show_end
from pipeline_cli.stored_models.next_steps import NextSteps
from pipeline_cli.terminal import say, stderr

POLL_SECONDS = 0.5
EXAMPLES = """\
Examples:
  {command}
  {command} --algorithm random_forest --param n_estimators=300 --param max_depth=8
  {command} --dataset clinic --target score --features 'weight,"dose, mg"'

Algorithms, for a target that is
  a number: linear, ridge, random_forest, hist_gradient_boosting
  a class:  logistic, random_forest, hist_gradient_boosting

Ctrl-C cancels the training. Exit status: 0 trained, 1 failed or cancelled, 2 wrong usage.
GATEWAY_URL (http://localhost:8000) says where the gateway is, GATEWAY_API_KEY is its key."""


def _columns(text: str) -> list[str]:
    try:
        names = csv_table.names_of(text)
    except (csv.Error, ValueError):
        names = []
    if not names or not all(names):
        raise typer.BadParameter(
            f"expected names separated by commas, in quotes where one has a comma, not {text!r}"
        )
    return names


def _param(text: str) -> tuple[str, Any]:
    """Splits name and value; a value that is not JSON is text.

    >>> _param("alpha=0.5"), _param("max_features=sqrt"), _param("max_depth=null")
    (('alpha', 0.5), ('max_features', 'sqrt'), ('max_depth', None))
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise typer.BadParameter(f"expected name=value, not {text!r}")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.MsgspecError:
        return name, value


def train(
    algorithm: Annotated[
        str | None,
        typer.Option(
            metavar="A", help="One of those below.", show_default="ridge, or logistic for classes"
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="D",
            help="diabetes, iris, a folder of datasets/, or datasets/D.csv of the model store.",
            show_default="that of the gateway",
        ),
    ] = None,
    features: Annotated[
        Any,
        typer.Option(
            parser=_columns,
            metavar="A,B,…",
            help="Columns to predict from, in order.",
            show_default="all of the schema",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(metavar="T", help="Column to predict.", show_default="that of the schema"),
    ] = None,
    param: Annotated[
        list[Any] | None,
        typer.Option(
            parser=_param,
            metavar="NAME=VALUE",
            help="Set a parameter of the algorithm, such as alpha=0.5; repeatable.",
        ),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Print the ids, and do not wait.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, an object per change.")
    ] = False,
) -> int:
    """Train a model in the background, and show its errors."""
    settings = AskSettings.from_environment()
    gateway = Gateway(settings, say)
    request = {
        "dataset_id": dataset,
        "features": features,
        "target": target,
        "algorithm": algorithm,
        "params": dict(param or []),
    }  # what is not given is left out: the gateway knows what the data set has
    training = gateway.train(
        {name: value for name, value in request.items() if value not in (None, {})}
    )
    try:
        _show_ids(training, as_json)
        if no_wait:
            return 0
        training = _watched(gateway, training, as_json)
    except KeyboardInterrupt:
        _cancel(gateway, training.job_id)
        raise
    if not as_json:
        show_end(training)
        if training.status == "completed":
            NextSteps(settings, gateway).of_stored(training.model_id)
    return int(training.status != "completed")


def _watched(gateway: Gateway, training: Training, as_json: bool) -> Training:
    """Returns the training at its end, and shows each change until then."""
    columns = (TextColumn("{task.description:<14}"), BarColumn(), TaskProgressColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=stderr,
        disable=as_json or not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task(training.status, total=len(training.stages))
        while not training.has_ended:
            time.sleep(POLL_SECONDS)
            before, training = training, gateway.training(training.job_id)
            if as_json and training != before:
                _print_json(training)
            bar.update(
                task,
                description=training.stage or training.status,
                completed=_stages_done(training),
                refresh=True,
            )
    return training


def _stages_done(training: Training) -> float:
    """Returns how many stages are done, with the known part of the current one."""
    if training.status == "completed":
        return len(training.stages)
    if training.stage not in training.stages:
        return 0
    return training.stages.index(training.stage) + (training.percent or 0) / 100


def _cancel(gateway: Gateway, job_id: str) -> None:
    try:
        gateway.cancel(job_id)
        say(f"the training {job_id} is cancelled")
    except PipelineError as error:
        say(f"the training {job_id} could not be cancelled: {error}")


def _show_ids(training: Training, as_json: bool) -> None:
    if as_json:
        _print_json(training)
        return
    field("job id", training.job_id)
    field("model id", training.model_id)
    for warning in training.warnings:
        field("warning", warning)
    sys.stdout.flush()


def _print_json(training: Training) -> None:
    print(msgspec.json.encode(training).decode(), flush=True)
