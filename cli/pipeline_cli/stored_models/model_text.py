"""All that is known of one model, for a person in a terminal."""

import msgspec

from pipeline_cli import terminal
from pipeline_cli.stored_models.answers import HoldOut, Model, SoFar
from pipeline_cli.stored_models.words import NONE, ago, counted, number, size_text, time_text
from pipeline_cli.terminal import printable

LABEL_COLUMNS = 14  # with the two spaces behind them as wide as those of `ask` and `train`
FIGURES = (
    ("rmse", "RMSE", ""),
    ("mae", "MAE", "baseline_mae"),
    ("accuracy", "accuracy", "majority_accuracy"),
    ("log_loss", "log loss", ""),
    ("half_brier", "half Brier", ""),
)


def show_model(model: Model) -> None:
    """Prints a field for each, wrapped below itself in a terminal."""
    rows = terminal.table()
    rows.add_column(min_width=LABEL_COLUMNS)
    rows.add_column(overflow="fold")
    for name, text in _fields(model):
        rows.add_row(name, printable(text))
    terminal.show(rows)


def _fields(model: Model) -> list[tuple[str, str]]:
    data_set = model.data_set or model.dataset_id
    own = "" if model.dataset_id == data_set else f", trained on {model.dataset_id}"
    made = f"{time_text(model.created_at)} ({ago(model.created_at)})"
    on = f", on {counted(model.metrics.training_rows, 'row')}" if model.metrics else ""
    took = "" if model.seconds is None else f", in {number(model.seconds)} s"
    files = counted(len(model.files), "file")
    return [
        ("model id", model.model_id),
        ("state", model.state),
        ("algorithm", model.algorithm),
        *_each("parameters", [_param(name, value) for name, value in model.params.items()]),
        ("data set", data_set + own),
        ("predicts", model.target),
        ("from", ", ".join(model.features)),
        ("trained", made + on + took),
        *_hold_out(model),
        ("errors live", _so_far(model.live_metrics)),
        ("errors shadow", _so_far(model.shadow_metrics)),
        ("answered", ago(model.answered_at)),
        ("size", f"{size_text(model.size)} in {files}"),
        *_each("files", [f"{name}, {file.size:,} bytes" for name, file in model.files.items()]),
        *_each("SHA-256", [file.sha256 for file in model.files.values()]),
        ("versions", ", ".join(f"{name} {value}" for name, value in model.versions.items())),
        *([("training job", model.job_id)] if model.job_id else []),
        *_each("notes", model.notes),
    ]


def _each(name: str, texts: list[str]) -> list[tuple[str, str]]:
    """Returns a field of several lines, or none."""
    return [("" if index else name, text) for index, text in enumerate(texts)]


def _param(name: str, value: object) -> str:
    return f"{name}={value if isinstance(value, str) else msgspec.json.encode(value).decode()}"


def _hold_out(model: Model) -> list[tuple[str, str]]:
    """Returns the errors on the hold-out beside the baseline, and whether they say anything."""
    of = model.metrics
    if of is None:
        return [("hold-out", "nobody has measured its error there")]
    lines = _each("hold-out", [counted(of.held_out_rows, "row"), *_figures(of)])
    if model.holdout_rows_seen:
        seen = f"{counted(model.holdout_rows_seen, 'row')} of it were in the training data, so this"
        lines.append(("", f"{seen} says nothing"))
    return lines


def _so_far(of: SoFar | None) -> str:
    if of is None:
        return NONE
    last = f", the last {ago(of.last_at)}" if of.last_at else ""
    return f"{', '.join(_figures(of))} ({counted(of.rows, 'row')}{last})"


def _figures(of: HoldOut | SoFar) -> list[str]:
    told = []
    for name, label, baseline in FIGURES:
        value, beside = getattr(of, name, None), getattr(of, baseline, None) if baseline else None
        if value is not None:
            rule = "the median" if name == "mae" else "the most frequent class"
            more = "" if beside is None else f" ({number(beside)} by always telling {rule})"
            told.append(f"{label} {number(value)}{more}")
    return told
