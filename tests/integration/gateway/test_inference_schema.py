"""The calls of the inference protocol against the gateway's description, and the protocol's."""

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode

from support.api_checks import CHECKS, examples
from support.documents import blocks
from support.gateway_client import SCALED, Gateway
from support.inference_client import columns
from support.schemas import DIABETES
from support.service import ROOT
from support.waiting import PATIENCE_SECONDS

MODEL = "/v2/models/{name}"
VERSION = f"{MODEL}/versions/{{version}}"
OF_MODELS = [
    (f"{each}{more}", "GET") for each in (MODEL, VERSION) for more in ("", "/ready")
]  # fmt: skip
INFER = [(f"{each}/infer", "POST") for each in (MODEL, VERSION)]
SERVER = [(path, "GET") for path in ("/v2", "/v2/health/live", "/v2/health/ready")]

# The protocol's answers, described anew: its own file has no 404 and only paths with versions, and
# its paths are no templates.
TEXT = {"type": "string"}
PARAMETERS = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


def an_object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {"type": "object", "required": [*required], "properties": required | optional}


def a_list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


TENSOR = {"name": TEXT, "shape": a_list({"type": "integer"}), "datatype": TEXT}
METADATA = an_object(
    {"name": TEXT, "platform": TEXT, "inputs": a_list(an_object(TENSOR)),
     "outputs": a_list(an_object(TENSOR))},
    versions=a_list(TEXT),
)  # fmt: skip
ANSWERED = an_object(
    {"model_name": TEXT, "outputs": a_list(an_object(TENSOR, data={"type": "array"},
                                                     parameters=PARAMETERS))},
    id=TEXT, model_version=TEXT, parameters=PARAMETERS,
)  # fmt: skip
TRUE = {"type": "boolean", "const": True}
RIGHT = {
    "/v2": an_object({"name": TEXT, "version": TEXT, "extensions": a_list(TEXT)}),
    "/v2/health/live": an_object({"live": TRUE}),
    "/v2/health/ready": an_object({"ready": TRUE}),
    "/v2/models/live": METADATA,
    "/v2/models/live/ready": an_object({"name": TEXT, "ready": TRUE}),
    "/v2/models/live/infer": ANSWERED,
}
WRONG = {"type": "object", "required": ["error"], "properties": {"error": TEXT},
         "additionalProperties": False}  # fmt: skip


def described_by(schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": "as the protocol says", "content": {"application/json": {
        "schema": schema}}}  # fmt: skip


def operation(path: str) -> dict[str, Any]:
    answers = {"200": described_by(RIGHT[path]), "default": described_by(WRONG)}
    if not path.endswith("/infer"):
        return {"get": {"responses": answers}}
    body = {"required": True, "content": {"application/json": {"schema": an_object(
        {"inputs": a_list(an_object(TENSOR | {"data": {"type": "array"}}))},
        id=TEXT, parameters=PARAMETERS, outputs=a_list(an_object({"name": TEXT})))}}}  # fmt: skip
    return {"post": {"responses": answers, "requestBody": body}}


@pytest.fixture(scope="session")
def described(serving: Any) -> Any:
    """The gateway's description, as it is served."""
    return schemathesis.openapi.from_url(f"{serving.gateway.address}openapi.json")


@pytest.fixture(scope="session")
def of_protocol(serving: Any) -> Any:
    """The protocol's description, as these tests have it."""
    raw = {"openapi": "3.1.0", "info": {"title": "Open Inference Protocol", "version": "2"},
           "paths": {path: operation(path) for path in RIGHT}}  # fmt: skip
    found = schemathesis.openapi.from_dict(raw)
    found.config.update(base_url=serving.gateway.address)
    return found


def test_all_that_is_described_is_tried(described: Any) -> None:
    found = {(each.ok().path, each.ok().method.upper()) for each in described.get_all_operations()}
    ours = {each for each in found if each[0].startswith("/v2")}
    assert ours == {*OF_MODELS, *INFER, *SERVER}


POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
ASKED = [(*each, POSITIVE) for each in (*OF_MODELS, *INFER)]  # any name fits what is said of names


@pytest.mark.parametrize(
    ("path", "method", "mode"), [*ASKED, *((*each, NEGATIVE) for each in INFER)]
)
def test_whatever_is_asked_is_answered_as_described(
    described: Any, path: str, method: str, mode: GenerationMode
) -> None:
    @examples(15)
    @given(case=described[path][method].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(timeout=PATIENCE_SECONDS)
        case.validate_response(answer, checks=CHECKS)

    ask()


@pytest.mark.parametrize("path", [*RIGHT])
def test_the_answers_are_as_the_protocol_says(of_protocol: Any, described: Any, path: str) -> None:
    method = "POST" if path.endswith("/infer") else "GET"
    body = {"inputs": columns([SCALED], DIABETES.names), "id": "1"}
    more = {"body": body, "media_type": "application/json"} if method == "POST" else {}
    case = of_protocol[path][method].Case(**more)
    answer = case.call(timeout=PATIENCE_SECONDS)
    assert answer.status_code == 200
    case.validate_response(answer, checks=CHECKS)
    ours = path.replace("live", "{name}") if "models" in path else path
    name = {"path_parameters": {"name": "live"}} if "models" in path else {}
    described[ours][method].Case(**name, **more).validate_response(answer, checks=CHECKS)


@pytest.mark.parametrize("mode", [POSITIVE, NEGATIVE])
def test_any_inference_is_answered_as_the_protocol_says(
    of_protocol: Any, mode: GenerationMode
) -> None:
    @examples(40)
    @given(case=of_protocol["/v2/models/live/infer"]["POST"].as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        answer = case.call(timeout=PATIENCE_SECONDS)
        case.validate_response(answer, checks=CHECKS)

    ask()


def test_the_page_shows_a_request(gateway: Gateway) -> None:
    (shown,) = blocks(ROOT / "docs/use/inference-protocol.md")
    body = shown.text.partition("-d '")[2].strip().strip("'")
    answer = gateway.http.post("/v2/models/live/infer", content=body.encode())
    assert answer.status_code == 200
    (line,) = shown.output
    told, said = answer.json(), json.loads(line)
    assert [each["name"] for each in told["outputs"]] == [each["name"] for each in said["outputs"]]
    assert told["outputs"][1] == said["outputs"][1]
    assert told.keys() == said.keys()
