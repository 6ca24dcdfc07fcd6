"""examples/: the tables that are committed are what the scripts beside them print."""

import subprocess
import sys

import pytest

from support.service import ROOT


@pytest.mark.parametrize("name", ["houses", "reviews"])
def test_the_script_prints_the_table_beside_it(name: str) -> None:
    folder = ROOT / "examples" / name
    printed = subprocess.run(
        [sys.executable, folder / "make_rows.py"], capture_output=True, check=True
    )
    assert printed.stdout == (folder / f"{name}.csv").read_bytes()
