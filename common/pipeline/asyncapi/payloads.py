"""The bodies of messages as JSON Schema (draft 7), made from the schema of a data set.

They take what the readers of table/readers.py take, as far as JSON Schema can say it: it knows no
bytes, does not compare the lengths of two lists, and adds up no probabilities.
"""

import sys
from typing import Any

from pipeline.ids import ID_SCHEMA, MAX_ID_DIGITS
from pipeline.message_reader import MAX_BATCH_ROWS
from pipeline.table.schema import MAX_TEXT, Category, Column, Number, Schema

Json = dict[str, Any]

ANY = "AnyRow"  # a row, or a prediction, of whatever data set
ANY_PREDICTION = "AnyPrediction"
ROW, LABEL, PREDICTION, SHADOW = "Row", "Label", "Prediction", "ShadowPrediction"
VALUES = (ROW, LABEL, PREDICTION, SHADOW, ANY, ANY_PREDICTION)

_NUMBER: Json = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}
_SHARE: Json = {"type": "number", "minimum": 0, "maximum": 1}
_SUM = "Probabilities by class, whose sum is 1; a class that is left out has none."


def ref(name: str) -> Json:
    """Returns the reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def single(value: str) -> str:
    """Returns the name of the schema of a body with one such value."""
    return f"{value}Message"


def batch(value: str) -> str:
    """Returns the name of the schema of a body with many such values."""
    return f"{value}Batch"


def schemas(schema: Schema) -> Json:
    """Returns all schemas of the document, by their names."""
    values = {
        "Id": _id(),
        "InOrder": _in_order(schema),
        "ByName": _by_name(schema),
        ROW: {"anyOf": [ref("InOrder"), ref("ByName")]},
        LABEL: _label(schema),
        PREDICTION: _prediction(schema),
        SHADOW: {"anyOf": [ref(PREDICTION), {"type": "null"}]},
        ANY: _any_row(),
        ANY_PREDICTION: _any_prediction(),
    }
    columns = {_column_name(index): _column(each) for index, each in enumerate(schema.columns)}
    bodies = {single(value): _body(ref("Id"), ref(value)) for value in VALUES}
    batches = {batch(value): _body(_many(ref("Id")), _many(ref(value))) for value in VALUES}
    return values | columns | bodies | batches


def _id() -> Json:
    digits = {"description": f"A whole number has at most {MAX_ID_DIGITS} digits."}
    return {"title": "id", "anyOf": [ID_SCHEMA, _NUMBER | digits]}


def _body(row_id: Json, value: Json) -> Json:
    """Returns the schema of a body; other keys are ignored."""
    return {
        "type": "object",
        "required": ["id", "body"],
        "properties": {"id": row_id, "body": value},
    }


def _many(item: Json) -> Json:
    return {"type": "array", "minItems": 1, "maxItems": MAX_BATCH_ROWS, "items": item}


def _in_order(schema: Schema) -> Json:
    count = len(schema.columns)
    return {
        "title": "row in order",
        "description": f"The values in the order of the columns: {', '.join(schema.names)}.",
        "type": "array",
        "items": [ref(_column_name(index)) for index in range(count)],
        "additionalItems": False,
        "minItems": count,
    }


def _by_name(schema: Schema) -> Json:
    return {
        "title": "row by name",
        "description": "The values by the names of the columns, in any order.",
        "type": "object",
        "properties": {name: ref(_column_name(i)) for i, name in enumerate(schema.names)},
        "required": [column.name for column in schema.columns if not column.missing],
        "additionalProperties": False,
    }


def _column_name(index: int) -> str:
    return f"Column{index + 1}"  # a column's own name may have any character


def _column(column: Column) -> Json:
    kind = _NUMBER if isinstance(column, Number) else _text(column)
    types = [kind["type"], "null"] if column.missing else kind["type"]
    described = {"title": column.name, "description": _in_words(column)}
    return described | kind | {"type": types}


def _text(column: Column) -> Json:
    kind: Json = {"type": "string"}
    if not column.missing:
        kind["minLength"] = 1
    if isinstance(column, Category):
        kind["maxLength"] = MAX_TEXT
    return kind


def _in_words(column: Column) -> str:
    parts = [column.title, column.note]
    if isinstance(column, Number):
        parts += [column.unit and f"Unit: {column.unit}", _range(column), _scaling(column)]
    elif isinstance(column, Category):
        listed = ", ".join(column.values)
        parts.append(f"One of {listed}; or another one, which no model was trained on")
    else:
        parts.append("Free text")
    if column.missing:
        parts.append("null if it is missing")
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def _range(column: Number) -> str:
    if column.least is None or column.most is None:
        return ""
    return f"In the data set from {column.least:g} to {column.most:g}"


def _scaling(column: Number) -> str:
    if (measured := column.measured) is None:
        return "" if column.title or column.unit else "A number"
    unit = f" in {measured.unit}" if measured.unit else ""
    return f"Scaled: what is measured{unit}, minus {measured.mean:g}, divided by {measured.scale:g}"


def _label(schema: Schema) -> Json:
    target = schema.target
    title: Json = {"title": target.name} | ({"description": target.title} if target.title else {})
    if schema.task == "classification":
        return title | {"type": "string", "enum": target.classes}
    return title | _NUMBER


def _prediction(schema: Schema) -> Json:
    if schema.task == "regression":
        return ref(LABEL)
    probabilities = {
        "title": "probabilities",
        "description": _SUM,
        "type": "object",
        "propertyNames": ref(LABEL),
        "additionalProperties": _SHARE,
        "minProperties": 1,
    }
    return {"anyOf": [ref(LABEL), probabilities]}


def _any_row() -> Json:
    value = {"type": ["number", "string", "null"]}
    by_name = {"type": "object", "additionalProperties": value}
    return {
        "description": "A row with the columns of the model that is asked.",
        "anyOf": [{"type": "array", "items": value}, by_name],
    }


def _any_prediction() -> Json:
    return {
        "description": "A prediction of the model that was asked: a number, a class, "
        "or probabilities by class.",
        "anyOf": [_NUMBER, {"type": "string"}, {"type": "object", "additionalProperties": _NUMBER}],
    }
