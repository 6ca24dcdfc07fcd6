"""`python -m pipeline dataset`: its actions and their options.

What they need is imported when they run: numpy alone would double the start of every command.
"""

from typing import Annotated, Any, Literal

import typer

from pipeline_cli import arguments
from pipeline_cli.arguments import Command
from pipeline_cli.gateway_client import AskSettings

EXAMPLES = """\
Examples:
  {command} init houses.csv --target price
  {command} init - --name houses --target price < houses.csv
  {command} init visits.csv --target no_show --split group --split-column patient
  {command} init datasets/houses/rows.csv --name houses --replace
  {command} check houses

DATASETS_DIR (datasets) is the folder that they are in. Exit status: 0 done, 1 the table or data
set cannot be used, 2 wrong usage."""

app = arguments.group("Make a data set from a table, and look at those there are.", EXAMPLES)

Columns = list[str] | None
Name = Annotated[str, typer.Argument(metavar="NAME", show_default=False)]


def _of_columns(text: str) -> Any:
    return typer.Option(metavar="C", help=text, show_default=False)


@app.command("init", cls=Command)
def init(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="CSV with a line of names; - is stdin.")
    ],
    name: Annotated[
        str, typer.Option(metavar="N", help="The data set's name; else that of the file.")
    ] = "",
    target: Annotated[str, typer.Option(metavar="C", help="The column to predict.")] = "",
    task: Annotated[
        Literal["regression", "classification"] | None,
        typer.Option(help="Predict a number, or a class.", show_default=False),
    ] = None,
    title: Annotated[str, typer.Option(metavar="T", help="What people call the data set.")] = "",
    split: Annotated[
        Literal["hash", "group", "time"] | None,
        typer.Option(
            help="Hold out a fifth of the rows by their content, in whole groups, or the latest.",
            show_default="hash",
        ),
    ] = None,
    split_column: Annotated[
        str, typer.Option(metavar="C", help="The column of the groups, or of the times.")
    ] = "",
    number: Annotated[Columns, _of_columns("Take a column as numbers.")] = None,
    category: Annotated[Columns, _of_columns("Take a column as categories.")] = None,
    text: Annotated[Columns, _of_columns("Take a column as free text.")] = None,
    keep: Annotated[Columns, _of_columns("Keep a column that would be left out.")] = None,
    leave_out: Annotated[Columns, _of_columns("Leave a column out.")] = None,
    drop_rare_classes: Annotated[
        bool, typer.Option("--drop-rare-classes", help="Leave out classes of under 5 rows.")
    ] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Make it anew; titles, units and types stay.")
    ] = False,
) -> int:
    """Make a data set from a table, and say what was understood."""
    from pipeline_cli.dataset import init as work  # noqa: PLC0415
    from pipeline_cli.dataset.making import Wishes  # noqa: PLC0415

    if (split in {"group", "time"}) != bool(split_column):
        raise typer.BadParameter(
            "--split group and --split time go with --split-column", param_hint="--split"
        )
    kinds: dict[str, Any] = {
        **dict.fromkeys(number or [], "number"),
        **dict.fromkeys(category or [], "category"),
        **dict.fromkeys(text or [], "text"),
    }
    said = [*(number or []), *(category or []), *(text or []), *(leave_out or [])]
    said += [each for each in leave_out or [] if each in (keep or [])]
    if twice := next((each for each in said if said.count(each) > 1), None):
        raise typer.BadParameter(f"two options say what becomes of the column {twice!r}")
    wishes = Wishes(
        name, target, task, title, split, split_column, kinds, frozenset(keep or ()),
        dict.fromkeys(leave_out or (), "as you say"), drop_rare_classes,
    )  # fmt: skip
    work.run(file, wishes, AskSettings.from_environment().datasets_dir, replace)
    return 0


@app.command("show", cls=Command)
def show(name: Name) -> int:
    """Show what a data set is: its columns, target and rows."""
    from pipeline_cli.dataset import looking  # noqa: PLC0415

    looking.show_one(name, AskSettings.from_environment().datasets_dir)
    return 0


@app.command("check", cls=Command)
def check(name: Name) -> int:
    """Check that a data set's schema and rows fit, and say what to think of."""
    from pipeline_cli.dataset import looking  # noqa: PLC0415

    looking.check_one(name, AskSettings.from_environment().datasets_dir)
    return 0


@app.command("list", cls=Command)
def list_all() -> int:
    """List the data sets that are built in, and those in DATASETS_DIR."""
    from pipeline_cli.dataset import looking  # noqa: PLC0415

    looking.list_all(AskSettings.from_environment().datasets_dir)
    return 0
