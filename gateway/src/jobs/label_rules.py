"""Rules for the labels of a data set: the gateway's own, and those of models asked by their ids."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.messages import Label
from pipeline.table.data_sets import load_schema
from pipeline.table.schema import Schema, SchemaError
from schemas.labels import value_type
from schemas.ranges import Ranges

MAX_KNOWN = 64  # data sets


class LabelRules:
    """The labels of one data set."""

    def __init__(self, schema: Schema) -> None:
        self.classes = schema.target.classes
        self._type: TypeAdapter[Label] = TypeAdapter(value_type(schema))
        self._ranges = Ranges(schema)

    def checked(self, value: Any) -> Label:
        """Returns a label as it is kept. Raises pydantic's ValidationError for none."""
        label = self._type.validate_python(value)
        return label + 0.0 if isinstance(label, float) else label  # the log must not hold -0.0

    def warnings(self, label: Label) -> list[str]:
        """Returns a sentence if the data set has no label like it."""
        return self._ranges.label_warnings(label)


class RulesByDataSet:
    """The rules of each data set, its own name or an empty one for that of the gateway."""

    def __init__(self, schema: Schema, datasets_dir: Path) -> None:
        self._own = LabelRules(schema)

        @lru_cache(MAX_KNOWN)
        def load(name: str) -> LabelRules:
            return LabelRules(load_schema(name, datasets_dir))

        self._load = load

    def of(self, name: str | None) -> LabelRules:
        """Returns the rules of a data set. Raises SchemaError if it is gone."""
        return self._load(name) if name else self._own

    def classes_of(self, name: str | None) -> list[str]:
        """Returns the classes of a data set; none if it is gone."""
        try:
            return self.of(name).classes
        except SchemaError:
            return []
