"""The words for what is predicted: title and unit of a data set, as its schema has them."""

import math

from pipeline.table.schema import Schema


def target_title(schema: Schema) -> str:
    """Returns the title of what is predicted.

    >>> from pipeline.table.schema import Target
    >>> target_title(Schema("houses", "regression", Target("price"), []))
    'price'
    """
    return schema.target.title or schema.target.name


def percent(share: float) -> str:
    """Writes a share of 0 to 1 as format.js does: never 0 % or 100 % of a little more or less.

    >>> percent(0.8325), percent(1), percent(0.99999)
    ('83.3 %', '100.0 %', '> 99.9 %')
    """
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{math.floor(1000 * share + 0.5) / 10:.1f} %"


def about(schema: Schema) -> dict[str, str | list[str]]:
    """Returns what the page says of the data set, as plain values; no classes for numbers."""
    return {
        "name": schema.name,
        "title": schema.title or schema.name,
        "target": target_title(schema),
        "unit": schema.target.unit,
        "classes": schema.target.classes,
    }
