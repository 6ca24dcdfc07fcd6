"""Formats rows, jobs and trainings for a person in a terminal, or for a program."""

import msgspec

from pipeline.ids import MAX_ID_CHARACTERS
from pipeline.messages import number_text
from pipeline.table.schema import MAX_TEXT, Number, Schema
from pipeline_cli import terminal
from pipeline_cli.gateway_answers import Job, RandomRow, Training
from pipeline_cli.terminal import MAX_REASON_CHARACTERS, cell, printable

MAX_SHARES = 5  # probabilities that are shown each by itself
MAX_WIDTH = 60  # of a value in a table: a longer text is wrapped
MAX_WHOLE = 1e15  # numbers below it are shown to the unit, and not as a power of ten
IN_UNIT = {"prediction", "label", "absolute_error"}


def show_row(row: RandomRow, schema: Schema) -> None:
    """Prints a line for each column: its name, the value, its unit, and its title."""
    lines = terminal.table()
    for width in (14, 6, 6):
        lines.add_column(min_width=width, max_width=MAX_WIDTH, overflow="fold")
    for column in schema.columns:
        found = row.values.get(column.name)
        value = "(missing)" if found is None else value_text(found)
        unit = ""
        if isinstance(column, Number):
            unit = column.measured.unit if column.measured else column.unit
        lines.add_row(*map(printable, (column.name, value, unit, column.title)))
    terminal.show(lines)


def value_text(value: float | str) -> str:
    """Returns a value or a label as a person types it: a number with all of its digits."""
    return value if isinstance(value, str) else number_text(value)


def show(job: Job, as_json: bool, unit: str = "") -> None:
    """Prints all that is known of a job; `unit` is that of what is predicted."""
    if as_json:
        show_line(job, as_json)
        return
    is_number = isinstance(job.prediction, float)
    for name, value in msgspec.structs.asdict(job).items():
        if name == "warnings":
            for warning in value:
                field("warning", warning)
        elif name == "probabilities":
            _show_shares(value or {})
        elif value is not None:
            more = f" {unit}" if is_number and name in IN_UNIT else ""
            field(name.replace("_", " "), _short(value) + more)


def _show_shares(probabilities: dict[str, float]) -> None:
    """Prints the largest probabilities, each with its class, and the sum of the others."""
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    if len(ranked) > MAX_SHARES:
        rest = ranked[MAX_SHARES - 1 :]
        others = (f"(the other {len(rest)})", sum(share for _, share in rest))
        ranked = [*ranked[: MAX_SHARES - 1], others]
    for index, (name, share) in enumerate(ranked):
        field("" if index else "probabilities", f"{share:.3f}  {name}")


def _short(value: float | str) -> str:
    """Returns a text as it is, a number to six digits, or to the unit if it has more."""
    if isinstance(value, str):
        return value
    text = f"{value:.6g}"
    return f"{value:.0f}" if "e+" in text and abs(value) < MAX_WHOLE else text


def field(name: str, value: str) -> None:
    print(f"{cell(name, 16):16}{printable(value).rstrip()}")


def show_line(job: Job, as_json: bool) -> None:
    if as_json:
        print(msgspec.json.encode(job).decode())
        return
    prediction = "" if job.prediction is None else _short(job.prediction)
    print(line(job.job_id, job.status, prediction, job.reason or "; ".join(job.warnings)))


def line(job_id: str, status: str, prediction: str, reason: str) -> str:
    told = cell(prediction, MAX_TEXT)
    text = f"{cell(job_id, MAX_ID_CHARACTERS):36}  {cell(status, 12):10}  {told:>10}  "
    return (text + cell(reason, MAX_REASON_CHARACTERS)).rstrip()


def show_end(training: Training) -> None:
    """Prints how a training has ended: its errors beside those of guessing, or why it failed."""
    field("status", training.status)
    if training.reason:
        field("reason", training.reason)
    for name, value, baseline, rule in (
        ("RMSE", training.rmse, None, ""),
        ("MAE", training.mae, training.baseline_mae, "the median"),
        ("accuracy", training.accuracy, training.majority_accuracy, "the most frequent class"),
        ("log loss", training.log_loss, None, ""),
        ("half Brier", training.half_brier, None, ""),
    ):
        if value is not None:
            beside = "" if baseline is None else f" ({baseline:.6g} by always telling {rule})"
            field(name, f"{value:.6g}{beside}")
    if training.holdout_rows_seen:
        field("hold-out seen", f"{training.holdout_rows_seen} rows: can only be promoted by force")
