"""`python -m pipeline train`: asks the gateway for a training, and follows it."""

import argparse
import csv
import sys
import time
from typing import Any

import msgspec
from tqdm import tqdm

from pipeline import csv_table
from pipeline.errors import PipelineError
from pipeline.messages import FEATURE_NAMES
from pipeline_cli.gateway_client import AskSettings, Gateway, Training
from pipeline_cli.job_text import field
from pipeline_cli.terminal import printable

LOOK_SECONDS = 0.5
BAR = "{desc:<14}{percentage:3.0f}% |{bar:40}| {elapsed}"
EXAMPLES = """\
examples:
  %(prog)s
  %(prog)s --algorithm random_forest --param n_estimators=300 --param max_depth=8
  %(prog)s --dataset clinic --target score --features 'weight,"dose, mg"'

Ctrl-C cancels the training. Exit status: 0 trained, 1 failed or cancelled, 2 wrong usage.
GATEWAY_URL (http://localhost:8000) tells where the gateway is, GATEWAY_API_KEY its key."""


def add_to(commands: Any) -> None:
    """Adds the subcommand to those of `python -m pipeline`."""
    parser = commands.add_parser(
        "train",
        help="train a model in the background",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--algorithm", default="ridge", metavar="A",
        help="linear, ridge (default), random_forest or hist_gradient_boosting",
    )  # fmt: skip
    parser.add_argument(
        "--dataset", default="diabetes", metavar="D",
        help="the built-in diabetes (default), or D.csv of the model store's datasets",
    )  # fmt: skip
    parser.add_argument(
        "--features", type=_columns, default=list(FEATURE_NAMES), metavar="A,B,…",
        help="the columns to predict from, in order (default: the ten that `model` answers with)",
    )  # fmt: skip
    parser.add_argument(
        "--target", default="target", metavar="T", help="the column to predict (default: target)"
    )
    parser.add_argument(
        "--param", type=_param, action="append", default=[], metavar="NAME=VALUE",
        help="a setting of the algorithm, as alpha=0.5; as often as needed",
    )  # fmt: skip
    parser.add_argument("--no-wait", action="store_true", help="tell the ids, and do not watch")
    parser.add_argument(
        "--json", action="store_true", help="for programs: a JSON object a line, for each change"
    )
    parser.set_defaults(run=_train)


def _columns(text: str) -> list[str]:
    try:
        names = csv_table.names_of(text)
    except (csv.Error, ValueError):
        names = []
    if not names or not all(names):
        raise argparse.ArgumentTypeError(
            f"names separated by commas, in quotes where one has a comma, not {text!r}"
        )
    return names


def _param(text: str) -> tuple[str, Any]:
    """Splits name and value; a value that is not JSON is text.

    >>> _param("alpha=0.5"), _param("max_features=sqrt"), _param("max_depth=null")
    (('alpha', 0.5), ('max_features', 'sqrt'), ('max_depth', None))
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"name=value, not {text!r}")
    try:
        return name, msgspec.json.decode(value)
    except msgspec.MsgspecError:
        return name, value


def _train(args: argparse.Namespace) -> int:
    settings = AskSettings.from_environment()
    gateway = Gateway(settings, _say)
    training = gateway.train(
        {
            "dataset_id": args.dataset,
            "features": args.features,
            "target": args.target,
            "algorithm": args.algorithm,
            "params": dict(args.param),
        }
    )
    try:
        _show_ids(training, args.json)
        if args.no_wait:
            return 0
        training = _watched(gateway, training, args.json)
    except KeyboardInterrupt:
        _cancel(gateway, training.job_id)
        raise
    if not args.json:
        _show_end(training)
        if training.status == "completed":
            _show_next(gateway, settings, training.model_id)
    return int(training.status != "completed")


def _watched(gateway: Gateway, training: Training, as_json: bool) -> Training:
    """Returns the training at its end, and shows each change until then."""
    with tqdm(
        desc=training.status,
        total=len(training.stages),
        bar_format=BAR,
        disable=True if as_json else None,  # None: a bar if there is a terminal
    ) as bar:
        while not training.has_ended:
            time.sleep(LOOK_SECONDS)
            before, training = training, gateway.training(training.job_id)
            if as_json and training != before:
                _print_json(training)
            bar.set_description_str(training.stage or training.status, refresh=False)
            bar.n = _stages_done(training)
            bar.refresh()
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
        _say(f"the training {job_id} is cancelled")
    except PipelineError as error:
        _say(f"the training {job_id} could not be cancelled: {error}")


def _show_ids(training: Training, as_json: bool) -> None:
    if as_json:
        _print_json(training)
        return
    field("job id", training.job_id)
    field("model id", training.model_id)
    sys.stdout.flush()


def _show_end(training: Training) -> None:
    field("status", training.status)
    if training.reason:
        field("reason", training.reason)
    for name, value in (("RMSE", training.rmse), ("MAE", training.mae)):
        if value is not None:
            field(name, f"{value:.6g}")
    if training.holdout_rows_seen:
        field("hold-out seen", f"{training.holdout_rows_seen} rows: promoted by force only")


def _show_next(gateway: Gateway, settings: AskSettings, model_id: str) -> None:
    """Prints the next commands for the model, to copy, or why it cannot answer."""
    try:
        refusal = gateway.refusal(model_id)
    except PipelineError as error:  # the model is there all the same
        print(f"\nwhether it would be promoted is not known: {printable(str(error))}")
        return
    if refusal:
        print(f"\nit is not promoted as it is: {printable(refusal)}")
        return
    for what, path in (("to try it in the shadow", "shadow"), ("to have it answer", "promote")):
        separator = "\n" if path == "shadow" else ""
        print(f"{separator}{what}: {printable(settings.curl(f'models/{model_id}/{path}'))}")


def _print_json(training: Training) -> None:
    print(msgspec.json.encode(training).decode(), flush=True)


def _say(text: str) -> None:
    """Prints above the bar, if there is one."""
    tqdm.write(printable(text), file=sys.stderr)
