"""Describes a model to the protocol's clients: its inputs and outputs."""

from typing import Any

from inference.answers import PREDICTION, PROBABILITIES, texts
from inference.tensors import BYTES
from pipeline.messages import number_text
from pipeline.table.schema import Category, Column, Number, Schema
from pipeline.table.schema_file import JOB_ID

PLATFORM = "rabbitmq_pipeline"


def metadata(name: str, versions: list[str], schema: Schema) -> dict[str, Any]:
    """Returns the metadata of a model: one input a column, the prediction first of the outputs.

    All probabilities are one output [-1, k], as `predict_proba` of scikit-learn returns them: a
    client reads them with one call, PandasCodec as one column, and a class may have any name.
    """
    return {
        "name": name,
        "versions": versions,
        "platform": PLATFORM,
        "inputs": [_input(each) for each in schema.columns],
        "outputs": _outputs(schema),
        "parameters": {"data_set": schema.name, "title": schema.title, "task": schema.task},
    }


def _outputs(schema: Schema) -> list[dict[str, Any]]:
    target = schema.target
    told = {"title": target.title or target.name, "unit": target.unit}
    if target.classes:
        told["classes"] = texts(target.classes)
    outputs = [_tensor(PREDICTION, BYTES if target.classes else "FP64", [-1], told)]
    if target.classes:
        shape = [-1, len(target.classes)]
        outputs.append(_tensor(PROBABILITIES, "FP64", shape, {"classes": texts(target.classes)}))
    outputs.append(_tensor(JOB_ID, BYTES, [-1], {"title": "the id to send the label with"}))
    return outputs


def _input(column: Column) -> dict[str, Any]:
    told = {"title": column.title or column.name, "note": column.note}
    if isinstance(column, Number):
        told |= {"type": "number"} | _of_number(column)
    elif isinstance(column, Category):
        told |= {"type": "category", "categories": texts(column.values)}
    else:
        told |= {"type": "text"}
    told["missing"] = "allowed" if column.missing else "refused"
    return _tensor(column.name, "FP64" if isinstance(column, Number) else BYTES, [-1, 1], told)


def _of_number(column: Number) -> dict[str, str]:
    """Returns the unit and ranges; of a column with a scaling those of the parameter `units`: raw.

    `least` and `most` are of the data set, `lowest` and `highest` of what is possible.
    """
    part = column.measured or column
    found = {name: getattr(part, name) for name in ("least", "most", "lowest", "highest")}
    told = {name: number_text(value) for name, value in found.items() if value is not None}
    told["unit"] = part.unit
    if column.measured is not None:
        told |= {"units": "raw", "mean": number_text(column.measured.mean)}
        told["scale"] = number_text(column.measured.scale)
    return told


def _tensor(name: str, datatype: str, shape: list[int], told: dict[str, str]) -> dict[str, Any]:
    parameters = {key: text for key, text in told.items() if text}
    return {"name": name, "datatype": datatype, "shape": shape, "parameters": parameters}
