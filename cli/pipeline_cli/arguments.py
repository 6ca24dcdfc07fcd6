"""Command lines in which an id or a number may start with a dash."""

import argparse
from typing import Any


class Parser(argparse.ArgumentParser):
    """Takes as an option only the whole name of one: anything else is an id or a value.

    `--` goes before an id that is the name of an option.

    >>> parser = Parser()
    >>> _ = parser.add_argument("ids", nargs="*")
    >>> _ = parser.add_argument("--reason")
    >>> parser.parse_args(["--reason", "-5", "-hU1", "--", "-h"])
    Namespace(ids=['-hU1', '-h'], reason='-5')
    """

    def _parse_optional(self, arg_string: str) -> Any:
        """Overrides the method that recognises options; None stands for anything else."""
        name = arg_string.partition("=")[0] if arg_string.startswith("--") else arg_string
        if name not in self._option_string_actions:
            return None
        return super()._parse_optional(arg_string)
