"""The API against its own description: what it is asked, and what it answers, is as it says."""

from typing import Any

import pytest
import schemathesis
from hypothesis import given
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from support.api_checks import CHECKS, examples
from support.gateway_client import SCALED, WAIT, Gateway
from support.waiting import PATIENCE_SECONDS

WITH_INPUT = [
    ("/predict", "POST"),
    ("/job/{job_id}", "GET"),
    ("/job/{job_id}/events", "GET"),
    ("/label/{job_id}", "POST"),
    ("/label", "POST"),
    ("/labels", "POST"),
    ("/train", "POST"),
    ("/job", "GET"),
    ("/job/events", "GET"),
    ("/job/cancel", "POST"),
    ("/job/{job_id}/cancel", "POST"),
    ("/models/{model_id}", "GET"),
    ("/models/{model_id}/schema", "GET"),
    ("/models/{model_id}", "DELETE"),
    ("/models/{model_id}/promote", "GET"),
    ("/models/{model_id}/promote", "POST"),
    ("/models/{model_id}/shadow", "POST"),
]
OF_PLOT = {("/predictions", "GET"), ("/shadow", "GET")}
CANCEL = ("/job/{job_id}/cancel", "POST")
WITHOUT_INPUT = [
    (path, "GET")
    for path in (
        "/health", "/metrics", "/links", "/schema", "/rows/random", "/predictions",
        "/models", "/changes", "/shadow",
    )
] + [("/shadow", "DELETE"), ("/rollback", "POST")]  # fmt: skip


@pytest.fixture(scope="session")
def described(serving: Any) -> Any:
    """The description, as it is served."""
    return schemathesis.openapi.from_url(f"{serving.gateway.address}openapi.json")


def test_all_that_is_described_is_tried(described: Any) -> None:
    found = {(each.ok().path, each.ok().method.upper()) for each in described.get_all_operations()}
    others = {each for each in found if not each[0].startswith("/v2")}  # test_inference_schema.py
    assert others == {*WITH_INPUT, *WITHOUT_INPUT}


@pytest.mark.parametrize(("path", "method"), WITHOUT_INPUT)
def test_what_is_asked_without_input_is_answered_as_described(
    described: Any, path: str, method: str
) -> None:
    case = described[path][method].Case()
    answer = case.call(timeout=PATIENCE_SECONDS)
    # without plot there are no predictions, and no comparison
    checks = CHECKS[1:] if (path, method) in OF_PLOT else CHECKS
    case.validate_response(answer, checks=checks)


@pytest.mark.parametrize(("path", "method"), WITH_INPUT)
def test_what_fits_the_description_is_answered_as_described(
    described: Any, path: str, method: str
) -> None:
    @examples(25)
    @given(case=described[path][method].as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Any) -> None:
        answer = case.call(timeout=PATIENCE_SECONDS)
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code in {200, 202, 404, 409, 413, 422}

    ask()


@pytest.mark.parametrize(("path", "method"), [WITH_INPUT[0], *WITH_INPUT[3:6]])
def test_what_does_not_fit_it_is_refused_as_described(
    described: Any, path: str, method: str
) -> None:
    @examples(40)
    @given(case=described[path][method].as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def ask(case: Any) -> None:
        answer = case.call(timeout=PATIENCE_SECONDS)
        case.validate_response(answer, checks=[*CHECKS, negative_data_rejection])

    ask()


def test_a_real_job_is_told_as_described(described: Any, gateway: Gateway) -> None:
    ended = [gateway.predict(row, WAIT).json()["job_id"] for row in (SCALED, [*SCALED[:9], 1])]
    gateway.label(ended[0], 151)
    for job_id in [gateway.predict(SCALED).json()["job_id"], *ended]:
        for path, method in WITH_INPUT[1:3]:
            case = described[path][method].Case(path_parameters={"job_id": job_id})
            answer = case.call(timeout=PATIENCE_SECONDS)
            assert answer.status_code == 200
            case.validate_response(answer, checks=CHECKS)


def test_every_example_of_a_training_is_taken(described: Any) -> None:
    (body,) = described.raw_schema["components"]["schemas"]["TrainRequest"]["examples"]
    case = described["/train"]["POST"].Case(body=body, media_type="application/json")
    answer = case.call(timeout=PATIENCE_SECONDS)
    assert answer.status_code == 202
    case.validate_response(answer, checks=CHECKS)
    for path, method in (WITH_INPUT[1], CANCEL, *WITH_INPUT[1:3]):  # events end: cancelled
        case = described[path][method].Case(path_parameters={"job_id": answer.json()["job_id"]})
        told = case.call(timeout=PATIENCE_SECONDS)
        assert told.status_code == 200
        case.validate_response(told, checks=CHECKS)


def test_every_example_of_the_description_is_taken(described: Any, gateway: Gateway) -> None:
    content = described.raw_schema["components"]["schemas"]["PredictRequest"]["examples"]
    assert len(content) >= 3
    for body in content:
        body.pop("id", None)
        case = described["/predict"]["POST"].Case(
            body=body, media_type="application/json", headers=dict(WAIT)
        )
        answer = case.call(timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200
        case.validate_response(answer, checks=CHECKS)
    assert gateway.label("example", 151).status_code == 202
