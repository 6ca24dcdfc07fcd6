"""The messages of the document: of each kind one with a single row, and one with a batch."""

from typing import Any, NamedTuple

from pipeline.asyncapi import examples
from pipeline.asyncapi.headers import headers, properties
from pipeline.asyncapi.payloads import (
    ANY,
    ANY_PREDICTION,
    LABEL,
    PREDICTION,
    ROW,
    SHADOW,
    batch,
    ref,
    single,
)
from pipeline.message_reader import (
    MAX_BATCH_BYTES,
    MAX_BATCH_ROWS,
    MAX_ROW_BYTES,
    MIN_BATCH_VALUES,
)
from pipeline.table.schema import Schema

Json = dict[str, Any]

_PUBLISHED = ("timestamp_in_ms",)
_ANSWERED = (*_PUBLISHED, "features_timestamp_in_ms", "model_id")
_ASKED = ("correlation_id", "reply_to")


class Kind(NamedTuple):
    """A kind of message, by the name of the value that a row of it carries."""

    name: str
    value: str
    summary: str
    headers: tuple[str, ...] = _PUBLISHED
    required: tuple[str, ...] = ()  # headers that the message is not understood without
    properties: tuple[str, ...] = ()


FEATURES = Kind("Features", ROW, "Rows to predict.", properties=_ASKED)
BY_MODEL = Kind(
    "FeaturesByModel", ANY, "Rows for a model that is named by its id.",
    required=("ask_model",), properties=(*_ASKED, "expiration"),
)  # fmt: skip
TRUE_LABEL = Kind("Label", LABEL, "True labels.", properties=("expiration",))
ANSWER = Kind("Prediction", PREDICTION, "Predictions.", _ANSWERED, properties=("correlation_id",))
SHADOW_ANSWER = Kind(
    "ShadowPrediction", SHADOW,
    "Predictions of the shadow model; null for a row that it cannot predict.",
    _ANSWERED, ("model_id",), ("correlation_id",),
)  # fmt: skip
BY_MODEL_ANSWER = Kind(
    "PredictionByModel", ANY_PREDICTION, "Predictions of the model that was asked by its id.",
    _ANSWERED, ("ask_model",), ("correlation_id",),
)  # fmt: skip
EXPIRED = Kind(
    "ExpiredRequest", ANY, "A request that nobody took in its time, as it was sent.",
    (*_PUBLISHED, "x-first-death-queue"), ("ask_model", "x-first-death-reason"), _ASKED,
)  # fmt: skip
ROW_KINDS = (FEATURES, BY_MODEL, TRUE_LABEL, ANSWER, SHADOW_ANSWER, BY_MODEL_ANSWER, EXPIRED)

DEAD_LETTER, CHANGE = "DeadLetter", "Change"

_SINGLE = f"One row, at most {MAX_ROW_BYTES // 2**10} KiB."
_BATCH = (
    f"Many rows, in columns: as many values as ids, at most {MAX_BATCH_ROWS:,} rows and "
    f"{MAX_BATCH_BYTES // 2**20} MiB."
)


def names(kind: Kind | str) -> list[str]:
    """Returns the names of the messages of a kind."""
    return [kind] if isinstance(kind, str) else [kind.name, f"{kind.name}Batch"]


def messages(schema: Schema) -> Json:
    """Returns all messages of the document, by their names."""
    found: Json = {}
    for kind in ROW_KINDS:
        values = examples.values(schema)[kind.value]
        one, many = names(kind)
        found[one] = _message(kind, one, single(kind.value), examples.single_bodies(values))
        found[many] = _message(kind, many, batch(kind.value), [examples.batch_body(values)])
        found[one]["description"], found[one]["x-max-bytes"] = _SINGLE, MAX_ROW_BYTES
        width = len(schema.columns) if kind.value == ROW else 1
        found[many]["description"] = f"{_BATCH} {_values(width)}"
        found[many]["x-max-bytes"] = MAX_BATCH_BYTES
    return found | {DEAD_LETTER: _dead_letter(), CHANGE: _change()}


def _values(width: int) -> str:
    most = max(MIN_BATCH_VALUES, MAX_BATCH_ROWS * (width + 1))
    return f"All lists and objects in it have at most {most:,} values."


def _message(kind: Kind, name: str, body: str, bodies: list[Json]) -> Json:
    described = _described(name, kind.summary, kind.headers, kind.required, kind.properties)
    return described | {"payload": ref(body), "examples": _examples(described, bodies)}


def _dead_letter() -> Json:
    described = _described(
        DEAD_LETTER,
        "What no service can use, and why.",
        (*_PUBLISHED, "ask_model"),
        ("x-reason", "x-source-queue"),
        _ASKED,
    )
    anything = {
        "description": "The body as it came, which may be anything, and no JSON; a row of a batch "
        "is a body of its own."
    }
    return described | {"payload": anything, "examples": _examples(described, [{"id": "row-7"}])}


def _change() -> Json:
    text = "The model store has changed: each process of model looks at it."
    described = _described(CHANGE, text, _PUBLISHED, (), ())
    return described | {"payload": {"type": "object"}, "examples": _examples(described, [{}])}


def _described(
    name: str,
    summary: str,
    optional: tuple[str, ...],
    required: tuple[str, ...],
    more: tuple[str, ...],
) -> Json:
    described: Json = {
        "name": name,
        "title": name,
        "summary": summary,
        "contentType": "application/json",
        "headers": headers(optional, required),
        "x-properties": properties(*more),
    }
    if "correlation_id" in more:
        described["correlationId"] = {"$ref": "#/components/correlationIds/CorrelationId"}
    return described


def _examples(described: Json, bodies: list[Json]) -> list[Json]:
    sent = {name: examples.HEADERS[name] for name in described["headers"]["properties"]}
    return [
        {"name": f"{described['name']}{number}", "headers": sent, "payload": body}
        for number, body in enumerate(bodies, 1)
    ]
