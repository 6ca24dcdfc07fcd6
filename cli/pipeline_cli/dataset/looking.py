"""`dataset show`, `check` and `list`: what data sets there are, and whether they can be used."""

from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from pipeline.errors import PipelineError
from pipeline.table.built_in import NAMES
from pipeline.table.data_sets import load, load_schema
from pipeline.table.schema import Schema
from pipeline_cli.dataset import leaks, report
from pipeline_cli.terminal import cell, printable, show, table


def show_one(name: str, datasets: Path) -> None:
    """Prints what a data set is. Raises SchemaError if it cannot be used."""
    data = load(name, datasets)
    show(
        report.columns_of(data.schema, data.rows),
        Text(),
        report.facts_of(data.schema, data.rows),
    )


def check_one(name: str, datasets: Path) -> None:
    """Says that schema and rows fit, and what to think of. Raises SchemaError if they do not."""
    data = load(name, datasets)
    show(
        Text(printable(f"{name}: schema and rows fit")),
        Text(),
        report.facts_of(data.schema, data.rows),
    )
    warnings = report.one_sided(data.schema, data.rows) + leaks.leaks(data.schema, data.rows)
    for column in report.unseen(data.schema, data.rows):
        warnings.append(f"{column}: no row to train on has a value of it to learn from")
    if warnings:
        show(report.listed("warnings", report.points(warnings)))


class Line(NamedTuple):
    """A data set as it stands in the list."""

    name: str
    task: str
    rows: str
    title: str


def list_all(datasets: Path) -> None:
    """Prints the data sets that are built in, and those in the folder, broken ones with why."""
    shown = table()
    for _ in range(3):
        shown.add_column(no_wrap=True)
    shown.add_row("NAME", "TASK", "ROWS", "TITLE")
    for name in [*NAMES, *_folders(datasets)]:
        shown.add_row(*map(Text, _line(name, datasets)))
    show(shown)


def _folders(datasets: Path) -> list[str]:
    try:
        found = sorted(path.name for path in datasets.iterdir() if path.is_dir())
    except OSError:
        return []
    return [name for name in found if not name.startswith(".") and name not in NAMES]


def _line(name: str, datasets: Path) -> Line:
    try:
        schema: Schema = load_schema(name, datasets)
        rows = len(load(name, datasets).rows.labels)
    except PipelineError as error:
        return Line(cell(name, 32), "broken", "", printable(str(error)))
    return Line(name, schema.task, f"{rows:,}", printable(schema.title))
