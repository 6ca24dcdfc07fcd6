"""The list of the models: a line for each, or two in a terminal that is too narrow for it."""

from pipeline_cli import terminal
from pipeline_cli.stored_models.answers import Model
from pipeline_cli.stored_models.words import (
    NONE,
    ago,
    baseline_text,
    error_text,
    size_text,
)
from pipeline_cli.terminal import printable

HEADER = (
    "STATE", "MODEL", "ALGORITHM", "DATA SET", "HOLD-OUT", "BASELINE", "SO FAR", "ROWS", "SIZE",
    "ANSWERED",
)  # fmt: skip
SEEN = "* it was trained on rows of the hold-out, so this error says nothing"

Line = tuple[str, ...]


def ranked(models: list[Model]) -> list[Model]:
    """Sorts models as a person compares them: the live one, the shadow, then by their error.

    Those of the live model's data set come before others, whose errors are of something else.
    """
    live = next((model.data_set for model in models if model.state == "live"), None)
    return sorted(models, key=lambda model: (
        ("live", "shadow", "stored").index(model.state),
        model.data_set != live,
        model.data_set or "",
        _badness(model),
    ))  # fmt: skip


def show_list(models: list[Model]) -> None:
    """Prints them: whole where no terminal limits the width."""
    lines = [HEADER, *(_line(model) for model in ranked(models))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    if sum(widths) + 2 * len(widths) > terminal.width():
        _show_narrow(lines)
    else:
        for line in lines:
            texts = (text.ljust(width) for text, width in zip(line, widths, strict=True))
            print("  ".join(texts).rstrip())
    if any(model.holdout_rows_seen for model in models):
        print(SEEN)


def _show_narrow(lines: list[Line]) -> None:
    """Prints two lines for each, what belongs together below each other."""
    rows = terminal.table()
    for width in (6, None, None, None, None):
        rows.add_column(min_width=width, overflow="fold")
    for number, line in enumerate(lines):
        state, model_id, algorithm, data_set, error, baseline, so_far, count, size, at = line
        rows.add_row(state, model_id, error, so_far, at)
        many = f"{count} row{'' if count == '1' else 's'}" if number else count
        many = "" if count == NONE else many
        rows.add_row("", f"{algorithm}, {data_set}", baseline, many, size)
    terminal.show(rows)


def _line(model: Model) -> Line:
    so_far = model.so_far
    texts = (
        "" if model.state == "stored" else model.state,
        model.model_id,
        model.algorithm,
        model.data_set or model.dataset_id,
        error_text(model.metrics) + ("*" if model.holdout_rows_seen else ""),
        baseline_text(model.metrics),
        error_text(so_far),
        NONE if so_far is None else f"{so_far.rows:,}",
        size_text(model.size),
        ago(model.answered_at),
    )
    return tuple(map(printable, texts))


def _badness(model: Model) -> float:
    """Returns a number that is less for a better model; infinite if its error is unknown."""
    of = model.metrics
    if of is None:
        return float("inf")
    if of.mae is not None:
        return of.mae
    return float("inf") if of.accuracy is None else -of.accuracy
