"""The schema of what a stored model takes: the columns of its data set that it asks for."""

from pathlib import Path

from msgspec.structs import replace

from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.records import Model
from pipeline.table.data_sets import load_schema
from pipeline.table.schema import Schema


def own_schema(model: Model, datasets_dir: Path) -> Schema:
    """Returns the schema of a model's data set with the model's columns alone, in its order.

    Raises SchemaError if there is no such data set, and MisfitError if it lacks a column.
    """
    schema = load_schema(model.data_set, datasets_dir)
    return replace(schema, columns=ModelInput(schema, model.features).columns)
