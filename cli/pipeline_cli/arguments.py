"""Command lines as Typer makes them, except that an id or a number can start with a dash."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from typer._click.core import Context  # of `_click` there are no public names
from typer._click.exceptions import ClickException
from typer._click.formatting import HelpFormatter
from typer._click.parser import _OptionParser, _ParsingState
from typer.core import TyperCommand, TyperGroup

from pipeline_cli.terminal import printable


class _Parser(_OptionParser):
    """Takes as an option only the whole name of one: anything else is an id or a value.

    `--` goes before an id that is the name of an option.
    """

    def _process_opts(self, arg: str, state: _ParsingState) -> None:
        name = arg.partition("=")[0] if arg.startswith("--") else arg
        if name in self._long_opt or name in self._short_opt:
            super()._process_opts(arg, state)
        else:
            state.largs.append(arg)


class Command(TyperCommand):
    """A command, whose epilog names it as `{command}`."""

    def make_parser(self, ctx: Context) -> _Parser:
        parser = _Parser(ctx)
        for parameter in self.get_params(ctx):
            parameter.add_to_parser(parser, ctx)
        return parser

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_epilog(self.epilog, ctx, formatter)


class Group(TyperGroup):
    """A command of several actions, whose epilog names it as `{command}`."""

    def format_epilog(self, ctx: Context, formatter: HelpFormatter) -> None:
        _write_epilog(self.epilog, ctx, formatter)


def _write_epilog(epilog: str | None, ctx: Context, formatter: HelpFormatter) -> None:
    """Writes the epilog as it stands: Typer would wrap the examples in it."""
    if epilog:
        formatter.write(f"\n{epilog.format(command=ctx.command_path)}\n")


def group(text: str, epilog: str | None = None) -> typer.Typer:
    """Makes a group of commands with its help text; without a command it shows its help."""
    return typer.Typer(
        cls=Group,
        help=text,
        epilog=epilog,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # no boxes: the text is read in pipes and narrow terminals, too
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )


@contextmanager
def usage(hint: str) -> Iterator[None]:
    """Reports a ValueError as wrong usage of the argument or option that the hint names."""
    try:
        yield
    except ValueError as error:
        raise typer.BadParameter(printable(str(error)), param_hint=printable(hint)) from error


def run(app: typer.Typer, name: str) -> int:
    """Runs the command that sys.argv names; returns its exit status, 2 for wrong usage."""
    try:
        return int(app(prog_name=name, standalone_mode=False) or 0)
    except ClickException as error:
        error.show()
        return error.exit_code
