"""The answers that the commands read are among those that the gateway's description promises."""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
import pytest

from pipeline.table import built_in
from pipeline.table import schema as table
from pipeline_cli.gateway_answers import (
    Job,
    Jobs,
    LabelTaken,
    Promotion,
    RandomRow,
    Refusal,
    Training,
)
from pipeline_cli.stored_models.answers import Changed, Changes, Links, Model, Models
from support.gateway_client import Gateway

Schema = dict[str, Any]

CALLS = [
    ("post", "/predict", "202", "Job", Job),
    ("post", "/predict", "202", "Jobs", Jobs),
    ("post", "/label/{job_id}", "202", "LabelTaken", LabelTaken),
    ("get", "/job/{job_id}", "200", "Job", Job),
    ("get", "/job/{job_id}", "200", "TrainingJob", Training),
    ("post", "/train", "202", "TrainingJob", Training),
    ("post", "/job/{job_id}/cancel", "200", "TrainingJob", Training),
    ("get", "/models", "200", "ModelsOut", Models),
    ("get", "/models/{model_id}", "200", "ModelOut", Model),
    ("get", "/models/{model_id}/promote", "200", "PromotionOut", Promotion),
    ("post", "/models/{model_id}/promote", "200", "Changed", Changed),
    ("post", "/models/{model_id}/shadow", "200", "Changed", Changed),
    ("delete", "/shadow", "200", "Changed", Changed),
    ("post", "/rollback", "200", "Changed", Changed),
    ("get", "/changes", "200", "ChangesOut", Changes),
    ("get", "/links", "200", "LinksOut", Links),
    ("get", "/rows/random", "200", "RowOut", RandomRow),
    ("get", "/job/{job_id}", "404", "Problem", Refusal),
    ("post", "/predict", "422", "HTTPValidationError", Refusal),
]


def alternatives(schema: Schema, components: Schema) -> Iterator[Schema]:
    """Yields the plain schemas that a schema leaves the choice between."""
    if "$ref" in schema:
        yield from alternatives(components[schema["$ref"].rpartition("/")[2]], components)
    elif "anyOf" in schema:
        for each in schema["anyOf"]:
            yield from alternatives(each, components)
    elif isinstance(schema.get("type"), list):
        for each in schema["type"]:
            yield schema | {"type": each}
    else:
        yield schema


def values(schema: Schema) -> set[Any] | None:
    """Returns all values that it allows, if it names them."""
    return {schema["const"]} if "const" in schema else set(schema.get("enum", ())) or None


class Reading:
    """Compares what is read with what is promised: each side has its own components."""

    def __init__(self, read: Schema, promised: Schema) -> None:
        self.read, self.promised = read, promised

    def differences(self, read: Schema, promised: Schema, place: str) -> list[str]:
        found = []
        for answer in alternatives(promised, self.promised):
            tries = [self._differ(each, answer, place) for each in alternatives(read, self.read)]
            best: list[str] = min(tries, key=len)
            found += best
        return found

    def _differ(self, read: Schema, answer: Schema, place: str) -> list[str]:
        kind, given = read.get("type", "string"), answer.get("type", "string")
        if kind != given and (kind, given) != ("number", "integer"):
            return [f"{place}: {given} is read as {kind}", "which nothing can be"]
        wanted, possible = values(read), values(answer)
        if wanted is not None and not (possible or {None}) <= wanted:
            return [f"{place}: {possible} are read as {wanted}"]
        if kind == "array":
            return self.differences(read["items"], answer["items"], f"{place}[]")
        if "properties" not in read:
            return []
        fields, known = read["properties"], answer.get("properties", {})
        missing = [f"{place}.{name} is not promised" for name in fields.keys() - known.keys()]
        return missing + [
            text
            for name in fields.keys() & known.keys()
            for text in self.differences(fields[name], known[name], f"{place}.{name}")
        ]


class Wrong(msgspec.Struct):
    """A state that it does not know, a number read as text, a field that nobody sends."""

    status: Literal["done"]
    label: str
    gone: int = 0


def test_a_difference_is_found() -> None:
    status = {"type": "string", "enum": ["done", "failed"]}
    promised = {"type": "object", "properties": {"status": status, "label": {"type": "number"}}}
    (schema,), components = msgspec.json.schema_components([Wrong])
    found = "\n".join(Reading(components, {}).differences(schema, promised, "Job"))
    for text in ("Job.gone is not", "Job.label: number is read as string", "Job.status: {"):
        assert text in found


@pytest.mark.parametrize(("method", "path", "status", "name", "struct"), CALLS)
def test_an_answer_is_read_as_it_is_promised(
    gateway: Gateway, method: str, path: str, status: str, name: str, struct: type[msgspec.Struct]
) -> None:
    description = gateway.http.get("/openapi.json").json()
    response = description["paths"][path][method]["responses"][status]
    assert f"/schemas/{name}'" in str(response), "the call answers with it"
    (schema,), components = msgspec.json.schema_components([struct])
    promised = description["components"]["schemas"]
    assert not Reading(components, promised).differences(schema, promised[name], name)


def test_the_schema_is_read_as_it_is(gateway: Gateway) -> None:
    content = gateway.http.get("/schema").content
    assert msgspec.json.decode(content, type=table.Schema) == built_in.default()
