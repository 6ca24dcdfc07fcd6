"""Values that stand for a data set where it is described: possible ones, and none of its rows."""

from typing import Any

from pipeline.table.schema import Category, Column, Measured, Number, Target

TEXT = "a text"


def value(column: Column) -> float | str:
    """Returns a value of a column as it stands in a message.

    >>> value(Number("rooms", least=1, most=12, step=1)), value(Category("town", ["Bern", "Chur"]))
    (7, 'Bern')
    """
    if isinstance(column, Category):
        return column.values[0]
    if not isinstance(column, Number):
        return TEXT
    if (measured := column.measured) is None:
        return middle(column)
    return float(short((middle(measured) - measured.mean) / measured.scale))


def label(target: Target) -> float | str:
    """Returns the middle of the target's range, or its first class."""
    return target.classes[0] if target.classes else middle(target)


def probabilities(classes: list[str]) -> dict[str, float]:
    """Returns probabilities of at least two classes."""
    first, second, *rest = classes
    return {first: 0.75, second: 0.25} | dict.fromkeys(rest, 0.0)


def middle(part: Number | Measured | Target) -> float:
    """Returns the middle of a range: as precise as the data set, and never outside."""
    least, most = _range(part)
    exact = least / 2 + most / 2
    step = None if isinstance(part, Target) else part.step
    rounded = short(least + round((exact - least) / step) * step if step else exact)
    return rounded if least <= rounded <= most else exact


def short(number: Any) -> Any:
    """Returns a number with four digits that count; anything else as it is."""
    return float(f"{number:.4g}") if isinstance(number, float) else number


def _range(part: Number | Measured | Target) -> tuple[float, float]:
    least, most = part.least, part.most
    if not isinstance(part, Target):  # what is possible stands in for what there was
        least = part.lowest if least is None else least
        most = part.highest if most is None else most
    if least is None or most is None:
        known = most if least is None else least
        return (known or 0.0,) * 2
    return least, most
