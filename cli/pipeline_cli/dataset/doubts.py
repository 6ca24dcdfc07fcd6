"""Sentences on what may be wrong with a data set that can be used, each with what decides it."""

from collections.abc import Iterator, Mapping
from shlex import quote

from pipeline.table.schema import Category, Column
from pipeline.table.schema_file import value_problem
from pipeline_cli.dataset.column_types import ID_NAME, Found
from pipeline_cli.dataset.words import counted


def dropped(has_label: list[bool], target: str) -> Iterator[str]:
    """Yields how many rows nothing can be learnt from."""
    if without := has_label.count(False):
        yield (
            f"{without:,} of {counted(len(has_label), 'row')} left out: without a value of "
            f"{target} to learn from"
        )


def offers(found: Mapping[str, Found], used: Mapping[str, Found]) -> Iterator[str]:
    """Yields what to split by, if rows follow one another in time, or belong to groups."""
    for name, each in found.items():
        if each.kind == "date" and name not in used:
            yield (
                f"{name} holds dates: if it is later rows that you want to predict, "
                f"--split time --split-column {quote(name)} holds out the last ones"
            )
        elif name in used and ID_NAME.fullmatch(name) and each.kind != "text":
            yield (
                f"{name} is named like a key, and comes more than once: if rows of one {name} are "
                f"alike, --split group --split-column {quote(name)} holds out whole groups"
            )


def ungrouped(groups: Found) -> Iterator[str]:
    """Yields how many rows are held out together only as none of them names its group."""
    if without := groups.values.count(""):
        yield f"{groups.name} is missing in {counted(without, 'row')}, which count as one group"


def unlisted(column: Column, found: Found) -> list[str]:
    """Returns what is said of categories that the schema does not list; models know them."""
    if not isinstance(column, Category):
        return []
    more = {*found.values} - {*column.values} - {""}
    wrong = [text for text in more if value_problem(text)]
    said = []
    if wrong:
        said.append(
            f"{column.name}: schema.json does not list {len(wrong):,} of its values: "
            f"{value_problem(min(wrong))}; they stay in rows.csv"
        )
    if len(more) > len(wrong):
        said.append(
            f"{column.name}: schema.json lists the {len(column.values):,} most frequent of its "
            f"{len({*found.values} - {''}):,} values; the others are known, too"
        )
    return said
