"""From a request to jobs and the message that asks for them; without a broker, without Redis."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from sklearn.datasets import load_diabetes

from jobs.intake import Intake, Intakes
from jobs.store import Known
from jobs.units import Units
from redis_store import digest
from routes.until_ended import seconds_of
from schemas.base import MisfitError, TooMuchError
from schemas.predictions import request_type
from schemas.ranges import Ranges
from support.schemas import DIABETES

NAMES = DIABETES.names
RANGES = Ranges(DIABETES)
INTAKES = Intakes(DIABETES, RANGES)
REQUEST = request_type(DIABETES)
scaled = Units(DIABETES.columns).scaled
MEASURED, _ = load_diabetes(return_X_y=True, scaled=False)
SCALED, _ = load_diabetes(return_X_y=True)
ROW, OTHER = SCALED[0].tolist(), SCALED[1].tolist()


def intake(data: Any, key: str = "", **more: Any) -> Intake:
    return INTAKES.read(REQUEST.model_validate({"data": data, **more}), key)


def named(row: list[float]) -> dict[str, float]:
    return dict(zip(NAMES, row, strict=True))


def test_measured_values_are_scaled_as_the_data_set_was() -> None:
    assert np.abs(np.array(scaled(MEASURED.tolist())) - SCALED).max() < 1e-12


def test_what_is_too_large_to_be_scaled_does_not_fail() -> None:
    assert scaled([[-1e308, *[1e308] * 9]])[0][0] < -1e300


def test_all_forms_of_a_row_are_the_same_job() -> None:
    raw = MEASURED[0].tolist()
    rows = [intake(ROW), intake(named(ROW)), intake([ROW]), intake([named(ROW)])]
    assert [each.rows for each in rows] == [[ROW]] * 4
    assert len({each.jobs.rows[0] for each in rows}) == 1
    assert [each.is_list for each in rows] == [False, False, True, True]
    measured = [intake(raw, units="raw"), intake(named(raw), units="raw")]
    assert measured[0].rows == measured[1].rows == scaled([raw])
    assert measured[0].jobs.request == measured[1].jobs.request


def test_other_content_has_another_digest() -> None:
    requests = [
        intake(ROW), intake(OTHER), intake([ROW, OTHER]), intake([OTHER, ROW]),
        intake([ROW, OTHER], id=["a", "b"]), intake([ROW, OTHER], id=["b", "a"]),
        intake(MEASURED[0].tolist(), units="raw"), intake(ROW, id="a"),
    ]  # fmt: skip
    assert len({each.jobs.request for each in requests}) == len(requests)
    assert intake(ROW).jobs.request == intake(ROW, "key").jobs.request
    assert digest(b"a") == digest(b"a") != digest(b"b")


def test_only_what_the_broker_does_not_have_is_asked() -> None:
    asked = intake([ROW, OTHER], id=["a", "b"])
    message = asked.message([Known("a", "1", True), Known("b", "1", False)])
    assert message is not None
    assert (message.ids, message.values, message.batched) == (["b"], [OTHER], True)
    assert asked.message([Known("a", "1", True), Known("b", "1", True)]) is None


def test_a_single_row_is_answered_by_its_id_and_a_list_by_one_of_its_own() -> None:
    single = intake(ROW, id="a").message([Known("a", "1", False)])
    assert single is not None
    assert (single.correlation_id, single.batched) == ("a", False)
    many = intake([ROW], id=["a"]).message([Known("a", "1", False)])
    assert many is not None
    assert many.correlation_id not in {"a", None}


def test_a_number_stays_one_in_the_message_and_is_a_text_elsewhere() -> None:
    asked = intake([ROW, OTHER, ROW], id=[5, -1.5, 1e22])
    assert asked.jobs.ids == ["5", "-1.5", "1" + "0" * 22]
    message = asked.message([Known(job_id, "1", False) for job_id in asked.jobs.ids])
    assert message is not None
    assert message.ids == [5, -1.5, 1e22]
    single = intake(ROW, id=1700000000.25).message([Known("1700000000.25", "1", False)])
    assert single is not None
    assert (single.ids, single.correlation_id) == ([1700000000.25], "1700000000.25")


def test_without_an_id_there_is_a_new_one_for_each() -> None:
    ids = [job_id for _ in range(3) for job_id in intake([ROW, ROW]).jobs.ids]
    assert len(set(ids)) == 6


@pytest.mark.parametrize(
    ("data", "ids", "text"),
    [(ROW, ["a"], "an id for one row"), ([ROW], "a", "a list for a list"),
     ([ROW, ROW], ["a"], "1 ids for 2 rows"), ([ROW, ROW], ["a", "a"], "twice"),
     ([ROW, ROW], [5, "5"], "twice"), (ROW, [5], "an id for one"), ([ROW], 5, "a list for a")],
)  # fmt: skip
def test_ids_that_do_not_fit_are_refused(data: Any, ids: Any, text: str) -> None:
    with pytest.raises(MisfitError, match=text):
        intake(data, id=ids)


def changed(row: list[float], **values: float) -> list[float]:
    return [*(named(row) | values).values()]


RAW = MEASURED[0].tolist()
IMPOSSIBLE: list[tuple[list[float], str, str, str]] = [
    (
        RAW,
        "scaled",
        "age",
        '59: with .* scaling it .* -0.17.* and 0.29.*did you mean "units": "raw"',
    ),
    (changed(RAW, s5=129), "raw", "s5", "129: as measured it lies between 2 and 11 .*4.6052\\)$"),
    (changed(RAW, bmi=0.06), "raw", "bmi", 'cannot be 0.06: .*did you mean "units": "scaled"'),
    (ROW, "raw", "sex", 'as measured, it is 1 or 2, and not 0.05.*did you mean "units": "scaled"'),
    (changed(RAW, age=59000), "raw", "age", "59000: as measured it lies between 0 and 130"),
    (changed(ROW, s6=-1e300), "scaled", "s6", 'did you mean "units": "raw"'),
]


@pytest.mark.parametrize(("row", "units", "name", "text"), IMPOSSIBLE)
def test_what_a_column_cannot_be_is_refused_at_its_place(
    row: list[float], units: str, name: str, text: str
) -> None:
    for data, place in ((row, ("data", name)), (named(row), ("data", name))):
        with pytest.raises(MisfitError, match=text) as refused:
            intake(data, units=units)
        assert refused.value.place == place
    good = RAW if units == "raw" else ROW
    with pytest.raises(MisfitError, match=text) as refused:
        intake([good, good, row], units=units)
    assert refused.value.place == ("data", 2, name)


@pytest.mark.parametrize("digits", [2, 3, 4, 17])
@pytest.mark.parametrize(("rows", "units"), [(MEASURED, "raw"), (SCALED, "scaled")])
def test_each_patient_of_the_data_set_is_taken_without_a_warning(
    rows: Any, units: str, digits: int
) -> None:
    assert intake(rows.round(digits).tolist(), units=units).jobs.warnings == [[]] * 442


def test_what_the_data_set_does_not_reach_to_is_taken_with_a_warning() -> None:
    old = changed(RAW, age=93, s6=180)
    first, second = intake([old, RAW], units="raw").jobs.warnings
    assert first == [
        f"{told}: the prediction is a guess"
        for told in (
            "age is 93, outside the data set's range of 19 to 79",
            "s6 is 180, outside the data set's range of 58 to 124",
        )
    ]
    assert second == []
    (warning,) = intake(changed(ROW, bmi=-0.2)).jobs.warnings[0]
    assert warning.startswith("bmi is -0.2, outside the data set's range of -0.09")


@pytest.mark.parametrize(("value", "told"), [(25, 0), (346, 0), (-5, 1), (24.9, 1), (1e9, 1)])
def test_a_label_that_the_data_set_does_not_reach_to_is_told(value: float, told: int) -> None:
    warnings = RANGES.label_warnings(value)
    assert len(warnings) == told
    assert all(
        f"{value:.10g} is accepted, but true values in the data set" in each for each in warnings
    )


def test_a_thousand_rows_are_taken_and_one_more_is_not() -> None:
    assert len(intake([ROW] * 1000).rows) == 1000
    with pytest.raises(TooMuchError, match="1,001"):
        intake([ROW] * 1001)


@pytest.mark.parametrize("value", [True, "1", None, [1], float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_no_value(value: Any) -> None:
    with pytest.raises(ValidationError):
        intake([value, *ROW[1:]])


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [("", 0), ("wait=5", 5), ("respond-async, wait=5", 5), ("respond-async;wait=5", 0),
     ('Wait = "7"', 7), ("wait=30", 30), ("wait=31", 30), ("wait=9999", 30), ("await=5", 0),
     ("wait=-5", 0), ("wait=soon", 0), ("wait", 0)],
)  # fmt: skip
def test_how_long_one_would_wait(prefer: str, seconds: float) -> None:
    assert seconds_of(prefer) == seconds
