"""What is wrong with a value is said by its column's name, whatever the decoder refuses."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.table.schema import Category, Number, Schema, Target, Text
from pipeline.table.value_errors import label_error, probabilities_error, row_error
from pipeline.table.wire import label_type, most_probable, prediction_type, values_type

HOUSES = Schema(
    "houses",
    "regression",
    Target("price"),
    [Number("rooms"), Category("town", ["Bern"]), Text("remarks", missing=True)],
)
IRIS = Schema(
    "iris", "classification", Target("species", classes=["setosa", "virginica"]), [Number("width")]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["rooms", "town", "remarks", "x"]), inner, max_size=4),
    max_leaves=6,
)  # fmt: skip


IN_ORDER, BY_NAME = values_type(HOUSES)
ROW = IN_ORDER | BY_NAME


def is_taken(value: Any, kind: Any) -> bool:
    try:
        msgspec.json.decode(json.dumps(value).encode(), type=kind)
    except msgspec.MsgspecError:
        return False
    return True


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([3, 12, ""], "town: 12 is no text"),
        (["3", "Bern", ""], 'rooms: "3" is no number'),
        ([True, "Bern", ""], "rooms: true is no number"),
        ([None, "Bern", ""], "rooms: missing, and the schema does not allow it"),
        ([3, "Bern"], "a row has 3 values (rooms town remarks), and not 2"),
        ({"rooms": 3}, "town: missing, and the schema does not allow it"),
        ({"rooms": 3, "toun": ""}, 'there is no column "toun": a row has rooms town remarks'),
        (3, "a row is a list of 3 values (rooms town remarks), or an object by these names"),
    ],
)
def test_the_first_wrong_value_is_named(values: Any, said: str) -> None:
    assert not is_taken(values, ROW)
    assert row_error(values, HOUSES).startswith(said)


@given(anything)
def test_whatever_the_decoder_refuses_has_a_reason_of_its_own(values: Any) -> None:
    known = row_error(values, HOUSES) != "a value is not what its column takes"
    assert is_taken(values, ROW) != known


def test_labels_are_numbers_or_classes() -> None:
    assert is_taken(3, label_type(HOUSES))
    assert is_taken("setosa", label_type(IRIS))
    assert not is_taken("rose", label_type(IRIS))
    assert not is_taken(0, label_type(IRIS))
    assert label_error("rose", IRIS) == 'species: "rose" is none of the classes setosa virginica'
    assert label_error("dear", HOUSES) == 'price: "dear" is no number'


def test_predictions_are_classes_or_probabilities() -> None:
    for value in ("setosa", {"setosa": 0.2, "virginica": 0.8}, {"setosa": 1}):
        assert is_taken(value, prediction_type(IRIS))
    assert not is_taken(0.5, prediction_type(IRIS))


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ({"setosa": 0.5, "virginica": 0.5}, None),
        ({"setosa": 0.3339, "virginica": 0.6669}, None),
        ({"setosa": 1.0}, None),
        ({"setosa": 0.5, "virginica": 0.4}, "the probabilities sum to 0.9, and not to 1"),
        ({}, "the probabilities sum to 0, and not to 1"),
        ({"setosa": 1.5, "virginica": -0.5}, "setosa: 1.5 is no probability"),
        ({"rose": 1.0}, 'species: "rose" is none of the classes'),
    ],
)
def test_probabilities_are_checked(probabilities: dict[str, float], said: str | None) -> None:
    error = probabilities_error(probabilities, IRIS)
    assert error is None if said is None else (error or "").startswith(said)


def test_of_equal_probabilities_the_first_class_counts() -> None:
    assert most_probable({"virginica": 0.5, "setosa": 0.5}, IRIS.target.classes) == "setosa"
    assert most_probable({"virginica": 1.0}, IRIS.target.classes) == "virginica"
