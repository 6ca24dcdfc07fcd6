"""docs/use/any-table.md: its schema is one, and its tables have each key that there is."""

import re
from typing import get_args

import pytest

from pipeline.table.schema import Column, Schema
from pipeline.table.schema_file import read_schema
from support.service import ROOT

PAGE = (ROOT / "docs/use/any-table.md").read_text()


def test_its_example_is_a_schema() -> None:
    (example,) = re.findall(r"^```text\n(\{.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert read_schema(example.encode(), "the page").name == "houses"


@pytest.mark.parametrize("heading", ["key", "key of a column"])
def test_each_key_is_explained(heading: str) -> None:
    kinds = [Schema] if heading == "key" else get_args(Column)
    table = PAGE.partition(f"| {heading} | meaning |\n")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    explained = {key for cell in first_cells for key in re.findall(r"`(\w+)`", cell)}
    keys = {name for kind in kinds for name in kind.__struct_fields__}
    if heading == "key of a column":
        explained |= {"title", "values"}  # said of all, and with the type
        keys |= {"type"}
    assert explained == keys
