"""`dataset init`: from a table to a data set, with all that was understood and all doubts."""

import io
import re
import sys
import unicodedata
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TypeVar

import typer
from rich.text import Text

from pipeline.table.built_in import NAMES
from pipeline.table.data_sets import ROWS_FILE, SCHEMA_FILE
from pipeline.table.rows import Rows, read_rows
from pipeline.table.schema import SchemaError
from pipeline.table.schema_file import name_problem, read_schema
from pipeline.table.table_size import check_lines
from pipeline_cli.dataset import leaks, replacing, report, source
from pipeline_cli.dataset.making import Made, Wishes, make
from pipeline_cli.dataset.table_file import read_table
from pipeline_cli.dataset.writing import write
from pipeline_cli.gateway_client import AskSettings
from pipeline_cli.terminal import printable, show

MAX_NAMED = 12

T = TypeVar("T")


def run(file: str, wishes: Wishes, datasets: Path, replace: bool) -> None:
    """Makes a data set, writes it, and prints what there is to know about it."""
    name = wishes.name or _name_of(file)
    _refuse_name(name, bool(wishes.name))
    folder = datasets / name
    old = replacing.old_of(name, datasets)
    if not replace and any((folder / file).exists() for file in (SCHEMA_FILE, ROWS_FILE)):
        _ask_to_replace(folder)
    table = read_table(source.read(file), source.place_of(file))
    target = wishes.target or (old.schema.target.name if old else "") or _ask_target(table.columns)
    wishes = wishes._replace(name=name, target=target)
    if old:
        wishes = replacing.with_old(wishes, old, [*table.columns])
        table.notes.extend(replacing.gone(old, table.columns))
    made = make(table, wishes)
    del table
    if old:
        made = replacing.with_words(made, old)
    sides = replacing.sides_of(old, made.schema) if old else None
    rows = _checked(made)
    doubts = made.doubts + leaks.leaks(made.schema, rows) + report.one_sided(made.schema, rows)
    if old:
        doubts += replacing.moved(sides, made.schema, rows)
    write(folder, made.schema, made.content)
    _print(made, rows, doubts, source.place_of(file))
    _print_next(folder, is_new=old is None)


def _name_of(file: str) -> str:
    """Returns a name for the data set, made from that of its file."""
    if file == source.STDIN:
        raise typer.BadParameter("a table from stdin needs a name", param_hint="--name")
    stem = unicodedata.normalize("NFKD", Path(file).stem).encode("ascii", "ignore").decode()
    return re.sub("[^a-z0-9]+", "-", stem.lower()).strip("-").lstrip("0123456789-")[:32].strip("-")


def _refuse_name(name: str, is_told: bool) -> None:
    wrong = name_problem(name)
    if name in NAMES:
        wrong = f"{name!r} is built in: choose another name"
    if wrong:
        more = "" if is_told else "; --name N gives it one"
        raise typer.BadParameter(f"{printable(wrong)}{more}", param_hint="--name")


def _ask_to_replace(folder: Path) -> None:
    """Asks at a terminal whether a data set may be replaced; elsewhere says how it is."""
    said = f"{folder} is there already"
    if not is_at_terminal():
        raise typer.BadParameter(
            f"{printable(said)}: --replace makes it anew, and keeps its titles and types",
            param_hint="--name",
        )
    question = f"{printable(said)}. Make it anew, with its titles and types?"
    if not _answer(partial(typer.confirm, question)):
        raise typer.Exit(1)


def _ask_target(names: Collection[str]) -> str:
    """Asks at a terminal which column is predicted; elsewhere says which there are."""
    said = printable(f"{', '.join([*names][:MAX_NAMED])}{' …' if len(names) > MAX_NAMED else ''}")
    if not is_at_terminal():
        raise typer.BadParameter(
            f"which column is predicted? There are {said}", param_hint="--target"
        )
    question = f"Which column is predicted? ({said})"
    return str(_answer(partial(typer.prompt, question, type=str))).strip()


def _answer(ask: Callable[[], T]) -> T:
    try:
        return ask()
    except typer.Abort as error:  # Ctrl-C, or the end of the input
        raise KeyboardInterrupt from error


def is_at_terminal() -> bool:
    """Returns True if there is somebody to answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _checked(made: Made) -> Rows:
    """Returns the rows as services will read them; raises SchemaError if they cannot."""
    read_schema(made.schema.to_json(), "schema.json")
    check_lines(io.BytesIO(made.content), ROWS_FILE)
    rows = read_rows(made.content, made.schema, ROWS_FILE)
    held_out = int(rows.is_held_out.sum())
    if not 0 < held_out < len(rows.labels):
        by = made.schema.split_column or "what is in a row"
        raise SchemaError(
            f"{held_out:,} of {len(rows.labels):,} rows would be held out by {by}, and there must "
            "be some on each side: add rows that differ, or take another --split"
        )
    for name in report.unseen(made.schema, rows):
        raise SchemaError(
            f"{name}: no row to train on has a value of it to learn from: --leave-out "
            f"{quote(name)} leaves it out"
        )
    return rows


def _print(made: Made, rows: Rows, doubts: list[str], place: str) -> None:
    name = made.schema.name
    show(
        Text(printable(f"{name}: {len(rows.labels):,} rows of {place}")),
        Text(),
        report.columns_of(made.schema, rows, report.MAX_SHOWN),
        Text(),
        report.facts_of(made.schema, rows),
    )
    if made.left_out:
        show(report.listed("left out", report.pairs(made.left_out.items())))
    if doubts:
        show(report.listed("warnings", report.points(doubts)))


def _print_next(folder: Path, is_new: bool) -> None:
    """Prints what was written, and the command with which the services take it."""
    run = f"make run DATASET={folder.name}"
    if "docker" in AskSettings.from_environment().shown_command:
        run = f"DATASET={folder.name} docker compose up -d"
        if not is_new:  # containers that are as they should be stay as they are
            run += " --force-recreate"
    written = printable(f"written: {folder / SCHEMA_FILE} and {ROWS_FILE}")
    show(Text(), Text(written), Text(f"next: {run}"))
