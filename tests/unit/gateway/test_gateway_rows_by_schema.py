"""Rows, labels and examples of any data set: types, limits and texts come from its schema."""

import json
from typing import Any

import msgspec
import pytest
from pydantic import ValidationError

from jobs.intake import Intake, Intakes
from jobs.label_rules import LabelRules
from jobs.store import Known
from pipeline.table.readers import Readers
from pipeline.table.schema import Category, Measured, Number, Schema, Target, Text
from redis_store import digest
from routes.error_handlers import detail
from schemas import examples
from schemas.base import MisfitError, TooMuchError
from schemas.predictions import (
    MAX_BODY_BYTES,
    MIN_BODY_BYTES,
    max_body_bytes,
    max_body_values,
    request_type,
)
from schemas.ranges import MAX_WARNINGS, Ranges
from support.gateway_client import MEASURED, SCALED
from support.schemas import AWKWARD, DIABETES, IRIS, LETTERS
from support.tables import HOUSES

ODD = Schema(
    "odd",
    "regression",
    Target("t", least=0),
    [
        Number("dose, mg", lowest=0, highest=5, note="Not more in a day."),
        Number("модель", least=1.5, missing=True),
        Text("a/b"),
        Category("__class__", ["x"]),
        Text("model_id", missing=True),
        Number("schema"),
        Category("row", ["y"], missing=True),
    ],
)
NAMES = ODD.names
ROW: list[Any] = [2.5, 3.5, "a", "x", "b", 7.0, "y"]
WIDE = Schema("wide", "regression", Target("t"), [Number(f"n{index}") for index in range(500)])
LIMITED = Schema(
    "limited", "regression", Target("t"),
    [*(Number(f"n{index}", least=0, most=1) for index in range(50)),
     *(Category(f"c{index}", ["a"]) for index in range(50))],
)  # fmt: skip
PARTLY = Schema(
    "partly", "regression", Target("t"),
    [Number("age", missing=True, measured=Measured(10, 2, least=0, most=20)),
     Number("weight", least=0, most=9), Text("note"),
     Number("sex", measured=Measured(1.5, 0.5, lowest=1, highest=2, step=1))],
)  # fmt: skip


def intake(schema: Schema, data: Any, **more: Any) -> Intake:
    request = request_type(schema).model_validate({"data": data, **more})
    return Intakes(schema, Ranges(schema)).read(request, "")


def errors(schema: Schema, data: Any) -> list[Any]:
    with pytest.raises(ValidationError) as refused:
        request_type(schema).model_validate({"data": data})
    return [
        detail({**each, "loc": ("body", *each["loc"])}, schema.names)
        for each in refused.value.errors()
    ]


def named(row: list[Any]) -> dict[str, Any]:
    return dict(zip(NAMES, row, strict=True))


def test_jobs_of_diabetes_go_on_as_earlier_versions_wrote_them() -> None:
    one = intake(DIABETES, SCALED, id="a").jobs
    assert (one.rows, one.request) == (["d4cc821a0a92c4f436f9fbdc"], "fc329d4874ebbc3c61bb0b4a")
    two = intake(DIABETES, [SCALED, SCALED], id=["a", 5]).jobs
    assert (two.rows, two.request) == (one.rows * 2, "5fd583123835aaff198d45cf")
    raw = intake(DIABETES, MEASURED, units="raw", id="a").jobs
    assert (raw.rows, raw.request) == (["d20c102fa773d16b1771639b"], "2535cb8e3754c887c3d0d283")


def test_names_are_no_names_of_python() -> None:
    for data in (ROW, named(ROW), [ROW], [named(ROW)]):
        assert intake(ODD, data).rows == [ROW]
    rows = {digest(msgspec.json.encode(ROW))}
    assert {intake(ODD, data).jobs.rows[0] for data in (ROW, named(ROW))} == rows
    assert intake(ODD, [2.5, 3.5, "a", "x", "b", 7, "y"]).jobs.rows == [*rows], "7 is 7.0"


def test_what_is_missing_is_null_by_order_and_by_name() -> None:
    row = [2.5, None, "a", "x", None, 7.0, None]
    given = {name: value for name, value in named(row).items() if value is not None}
    for data in (row, named(row), given):
        assert intake(ODD, data).rows == [row]
        assert intake(ODD, data).jobs.warnings == [[]]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("dose, mg", "2", "valid number, and is '2'"),
        ("dose, mg", True, "valid number, and is True"),
        ("dose, mg", float("nan"), "finite number"),
        ("schema", None, "valid number, and is null"),
        ("модель", "", "valid number, and is ''"),
        ("a/b", "", "at least 1 character"),
        ("a/b", "\ud800", "valid string"),
        ("__class__", None, "valid string, and is null"),
        ("__class__", "x" * 101, "at most 100 characters"),
        ("row", 5, "valid string, and is 5"),
        ("row", ["y"], "valid string"),
    ],
)
def test_a_wrong_value_is_told_by_its_column(name: str, value: Any, text: str) -> None:
    wrong = named(ROW) | {name: value}
    for data, place in (
        (wrong, ["data"]),
        ([*wrong.values()], ["data"]),
        ([named(ROW), wrong], ["data", 1]),
        ([ROW, [*wrong.values()]], ["data", 1]),
    ):
        (error,) = errors(ODD, data)
        assert error["loc"] == ["body", *place, name]
        assert text in error["msg"]


def test_a_row_that_is_none_is_told_at_once() -> None:
    for data, place in ((ROW[:3], ["data"]), ([ROW, [*ROW, *ROW] * 1000], ["data", 1])):
        (error,) = errors(ODD, data)
        assert error["loc"] == ["body", *place]
        assert "a row has 7 values ('dose, mg' модель a/b __class__" in error["msg"]
    (error,) = errors(ODD, named(ROW) | {"nobody": 1})
    assert error["loc"] == ["body", "data", "nobody"]
    (error,) = errors(ODD, {f"n{number}": 1 for number in range(1000)})
    assert "an object has at most 50 names, not 1,000" in error["msg"]


def test_what_is_possible_has_one_end_or_two_and_a_note() -> None:
    text = r"^it cannot be 5.5: it lies between 0 and 5 \(Not more in a day\)$"
    with pytest.raises(MisfitError, match=text) as refused:
        intake(ODD, [ROW, [5.5, *ROW[1:]]])
    assert refused.value.place == ("data", 1, "dose, mg")
    (warnings,) = intake(ODD, [0, 1.4999, "a", "zebra", None, 1, "y"]).jobs.warnings
    assert warnings == [
        "модель is 1.4999, outside the data set's range of 1.5 or more: the prediction is a guess",
        '__class__ is "zebra", and the data set has only x: the prediction is a guess',
    ]
    for dose in (0, 5):
        assert intake(ODD, [dose, 1.5, *ROW[2:]]).jobs.warnings == [[]], "ends are within"
    (warning,) = Ranges(ODD).label_warnings(-1.0)
    assert warning.startswith("-1 is accepted, but true values in the data set are 0 or more; it")
    assert Ranges(ODD).label_warnings(0.0) == Ranges(IRIS).label_warnings("setosa") == []


def test_of_many_warnings_a_row_has_the_first_and_a_count() -> None:
    good, bad = [0.5] * 50 + ["a"] * 50, [7] * 50 + ["b"] * 50
    none, all_of_them = intake(LIMITED, [good, bad]).jobs.warnings
    assert none == []
    assert len(all_of_them) == MAX_WARNINGS + 1
    assert all_of_them[-1] == "80 more values are outside the data set's range"


def test_only_what_is_measured_has_units() -> None:
    raw = [12, 3, "a", 2]
    assert intake(PARTLY, raw, units="raw").rows == [[1.0, 3.0, "a", 1.0]]
    assert intake(PARTLY, [None, *raw[1:]], units="raw").rows == [[None, 3.0, "a", 1.0]]
    assert intake(PARTLY, [1, 3, "a", 1]).rows == [[1.0, 3.0, "a", 1.0]]
    with pytest.raises(MisfitError, match=r"^as measured, it is 1 or 2, and not 1\.5$") as refused:
        intake(PARTLY, [*raw[:3], 1.5], units="raw")
    assert refused.value.place == ("data", "sex")
    warnings = intake(PARTLY, [[25, 9.001, "a", 1], [20.05, 9, "a", 1]], units="raw").jobs.warnings
    assert warnings == [
        [
            f"{told}: the prediction is a guess"
            for told in (
                "age is 25, outside the data set's range of 0 to 20",
                "weight is 9.001, outside the data set's range of 0 to 9",
            )
        ],
        [],
    ]
    with pytest.raises(MisfitError, match='leave "units" out') as refused:
        intake(ODD, ROW, units="scaled")
    assert refused.value.place == ("units",)


def test_what_is_too_large_for_a_scale_is_refused() -> None:
    tiny = Schema("a", "regression", Target("t"), [Number("a", measured=Measured(0, 1e-300))])
    with pytest.raises(MisfitError, match="too large for its column's scale"):
        intake(tiny, [1e300], units="raw")


def test_five_hundred_columns_are_a_row_and_a_thousand_rows_of_two_hundred_a_message() -> None:
    row = [0.5] * 500
    assert (
        intake(WIDE, row).rows
        == [row]
        == intake(WIDE, dict(zip(WIDE.names, row, strict=True))).rows
    )
    columns = [Number(f"column {index}") for index in range(200)]
    schema = Schema("many", "regression", Target("t"), [*columns])
    rows = [[0.12345678901] * 200] * 1000
    by_name = json.dumps(dict(zip(schema.names, rows[0], strict=True)))
    assert len(rows) * len(by_name) < max_body_bytes(schema)
    taken = intake(schema, rows)
    message = taken.message([Known(job_id, "1", False) for job_id in taken.jobs.ids])
    assert message is not None
    assert Readers(schema).features.decode(message.encode())[0] is not None
    with pytest.raises(TooMuchError, match="bytes in a message, and at most 4,194,304 fit"):
        intake(WIDE, [[0.1234567890123456] * 500] * 1000)


def test_rows_in_two_forms_are_told_to_be_in_one() -> None:
    (error,) = errors(ODD, [ROW, named(ROW)])
    assert error["loc"] == ["body", "data", 1]
    assert error["msg"].endswith("; of several rows all are lists, or all are objects")


def test_a_row_that_no_message_can_carry_is_refused() -> None:
    with pytest.raises(TooMuchError, match="row 1 takes 70,028 bytes in a message, and at"):
        intake(ODD, [ROW, [*ROW[:2], "a" * 70_000, *ROW[3:]]])


def test_a_body_may_be_as_long_as_its_columns_need() -> None:
    assert max_body_bytes(DIABETES) == max_body_bytes(IRIS) == MIN_BODY_BYTES
    assert max_body_bytes(ODD) == max_body_bytes(HOUSES) == MAX_BODY_BYTES
    assert max_body_values(DIABETES) == 60_000
    assert max_body_values(WIDE) > 1000 * (len(WIDE.columns) + 1)


@pytest.mark.parametrize("schema", [DIABETES, IRIS, LETTERS, AWKWARD, HOUSES, ODD, WIDE, PARTLY])
def test_examples_are_taken_without_a_warning(schema: Schema) -> None:
    for body in examples.requests(schema):
        taken = intake(schema, **body)
        assert taken.jobs.warnings == [[]] * len(taken.rows)
        content = msgspec.json.encode({"id": "a", "body": taken.rows[0]})
        assert Readers(schema).features.decode(content)[1] == []
    label, rules = examples.job(schema)["label"], LabelRules(schema)
    assert rules.checked(label) == label
    assert rules.warnings(label) == []


@pytest.mark.parametrize("value", ["d", "", None, 1, True, ["A"], 10**400, "\ud800"])
def test_a_label_that_is_no_class_is_told_the_classes(value: Any) -> None:
    with pytest.raises(ValidationError) as refused:
        LabelRules(LETTERS).checked(value)
    (error,) = refused.value.errors()
    assert "one of the classes A B C D E F G H I J K L … 26 in all" in error["msg"]
