"""`python -m pipeline dataset` in this process, with a folder of data sets of its own."""

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.table.data_sets import DataSet, load

Command = Callable[..., tuple[int, str, str]]


class DataSets(NamedTuple):
    """The command, and where its data sets and tables are."""

    command: Command
    folder: Path

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Runs an action; exit status, stdout, stderr."""
        return self.command("dataset", *arguments)

    def table(self, content: str | bytes, name: str = "houses.csv") -> str:
        """Writes a table for `init`; its path."""
        path = self.folder.parent / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def init(self, content: str | bytes, *options: str, target: str = "y") -> tuple[int, str, str]:
        """Makes the data set `houses` of a table."""
        return self("init", self.table(content), "--target", target, *options)

    def refused(self, content: str | bytes, *options: str, target: str = "y") -> str:
        """Returns the one sentence with which a table is refused, and nothing is written."""
        status, out, err = self.init(content, *options, target=target)
        assert (status, out) == (1, ""), out
        assert err.count("\n") == 1
        assert "Traceback" not in err
        assert not (self.folder / "houses").exists()
        return err

    def made(self, content: str | bytes, *options: str, target: str = "y") -> DataSet:
        """Returns the data set that is made of a table."""
        status, _, err = self.init(content, *options, target=target)
        assert (status, err) == (0, "")
        return self.load()

    def load(self, name: str = "houses") -> DataSet:
        """Returns a data set as services load it."""
        return load(name, self.folder)


def csv_of(header: Iterable[str], rows: Iterable[Iterable[Any]], separator: str = ",") -> str:
    """Returns a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def with_column(values: Iterable[Any], name: str = "c") -> str:
    """Returns a table of a column, a number beside it, and a number to predict."""
    return csv_of([name, "x", "y"], ([v, i * 7 % 11, i * i % 37] for i, v in enumerate(values)))
