"""The words for what is predicted: title and unit of a data set, as its schema has them."""

from pipeline.table.schema import Schema


def target_title(schema: Schema) -> str:
    """Returns the title of what is predicted.

    >>> from pipeline.table.schema import Target
    >>> target_title(Schema("houses", "regression", Target("price"), []))
    'price'
    """
    return schema.target.title or schema.target.name


def about(schema: Schema) -> dict[str, str | list[str]]:
    """Returns what the page says of the data set, as plain values; no classes for numbers."""
    return {
        "name": schema.name,
        "title": schema.title or schema.name,
        "target": target_title(schema),
        "unit": schema.target.unit,
        "classes": schema.target.classes,
    }
