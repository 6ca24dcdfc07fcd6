"""What a request for a training leaves out, and what keeps its model from answering here."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError

from routes.error_handlers import detail
from schemas.trainings import TrainRequest
from support.schemas import DIABETES, IRIS
from support.tables import HOUSES, houses, write_data_set
from trainings import store
from trainings.completion import completed


def asked(body: dict[str, Any], present: Any, folder: Path = Path("none")) -> tuple[Any, list[str]]:
    request, warnings = completed(TrainRequest.model_validate(body), present, folder)
    return request.model_dump(), warnings


@pytest.mark.parametrize(
    ("present", "target", "algorithm"),
    [(DIABETES, "target", "ridge"), (IRIS, "species", "logistic"), (HOUSES, "price", "ridge")],
)
def test_nothing_is_needed(present: Any, target: str, algorithm: str) -> None:
    assert asked({}, present) == (
        {
            "dataset_id": present.name, "features": present.names, "target": target,
            "algorithm": algorithm, "params": {},
        },
        [],
    )  # fmt: skip


def test_another_data_set_has_its_own_defaults_and_a_warning(tmp_path: Path) -> None:
    write_data_set(tmp_path, houses(20))
    for name, schema, algorithm in (("iris", IRIS, "logistic"), ("houses", HOUSES, "ridge")):
        request, (warning,) = asked({"dataset_id": name}, DIABETES, tmp_path)
        assert (request["features"], request["target"]) == (schema.names, schema.target.name)
        assert request["algorithm"] == algorithm
        assert warning == (
            f"the model is one of the data set {name!r}: it cannot be promoted or tried here, "
            f"where DATASET is 'diabetes', but can be where it is {name!r}"
        )


@pytest.mark.parametrize(
    ("present", "body", "algorithm", "warnings"),
    [
        (DIABETES, {}, "ridge", []),
        (DIABETES, {"features": ["s5", "bmi"]}, "ridge", []),
        (
            HOUSES,
            {"features": ["rooms", "garden"]},
            "ridge",
            [
                "the model takes garden, and a row of 'houses' brings rooms area town remarks: it "
                "cannot be promoted or tried here"
            ],
        ),
        (
            HOUSES,
            {"target": "rent"},
            "ridge",
            [
                "the model predicts 'rent', and here 'price' is predicted: promote or try it only "
                "if both are the same"
            ],
        ),
        (
            IRIS,
            {"target": "age"},
            "ridge",
            [
                "the model predicts a number, 'age', and here a class is predicted, 'species': it "
                "cannot be promoted or tried here"
            ],
        ),
        (IRIS, {}, "logistic", []),
    ],
)
def test_a_file_of_the_store_is_taken_for_one_of_the_present_data_set(
    present: Any, body: dict[str, Any], algorithm: str, warnings: list[str]
) -> None:
    request, found = asked({"dataset_id": "own.file"} | body, present)
    assert found == warnings
    assert request["algorithm"] == algorithm


def test_a_target_that_is_a_column_is_no_feature_by_default() -> None:
    request, _ = asked({"dataset_id": "own", "target": "rooms"}, HOUSES)
    assert request["features"] == ["area", "town", "remarks"]


@pytest.mark.parametrize(
    ("body", "place", "reason"),
    [
        ({"dataset_id": "broken"}, ("dataset_id",), "cannot be used: "),
        ({"features": ["rooms", "price"]}, ("features", 1), "the target 'price' is one of the fea"),
        ({"features": ["garden"]}, ("features", 0), "has no column 'garden': it has rooms area"),
        ({"target": "rooms"}, ("target",), "the target of the data set 'houses' is 'price'"),
        ({"algorithm": "logistic"}, ("algorithm",), "for regression: there is linear, ridge, "),
        ({"dataset_id": "own", "algorithm": "logistic"}, ("algorithm",), "for regression"),
        ({"dataset_id": "iris", "algorithm": "ridge"}, ("algorithm",), "for classification"),
    ],
)
def test_what_no_trainer_could_do_is_told_with_its_place(
    tmp_path: Path, body: dict[str, Any], place: tuple[Any, ...], reason: str
) -> None:
    (tmp_path / "broken").mkdir()
    with pytest.raises(RequestValidationError) as error:
        asked(body, HOUSES, tmp_path)
    (told,) = error.value.errors()
    assert told["loc"] == ("body", *place)
    assert reason in detail(told, [])["msg"]
    assert detail(told, [])["msg"] == told["msg"], "it has no value of the request at its end"


def test_a_key_is_another_one_for_another_data_set() -> None:
    """For diabetes the job is the one that it was before there were others."""
    body, _ = completed(TrainRequest(), IRIS, Path("none"))
    jobs = [store._request(body, name, "a-key") for name in ("diabetes", "iris", "houses", "iris")]
    assert jobs[1].job_id == jobs[3].job_id
    assert len({job.job_id for job in jobs}) == 3
    assert jobs[0].job_id == "48eb5528-24c9-5aa6-bf63-834288f66e8d"
    assert [job.data_set for job in jobs] == ["diabetes", "iris", "houses", "iris"]
