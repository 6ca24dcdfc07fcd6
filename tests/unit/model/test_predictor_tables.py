"""A model of any table: its columns by name, its classes and probabilities, and rows it cannot."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from pipeline.errors import ModelError
from pipeline.model_store.loaded_check import _parts, check_loaded
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.schema import Category, Number, Schema, Target, Text
from pipeline.table.value_errors import prediction_error

HOUSES = Schema(
    "houses",
    "regression",
    Target("price"),
    [
        Number("rooms", least=1, most=12),
        Category("town", ["Basel", "Bern"], missing=True),
        Number("area", missing=True),
        Text("remarks", missing=True),
    ],
)
CLASSES = ["b", "a", "c"]
KINDS = Schema(
    "kinds", "classification", Target("kind", classes=CLASSES), [Number("x"), Number("y")]
)
ROWS: list[list[Any]] = [
    [1.0, "Basel", 30.0, "a small flat"],
    [4.0, "Bern", None, "a house with a garden"],
    [3.0, None, 70.0, None],
    [9.0, "Bern", 200.0, "a large house"],
] * 5
PRICES = [100.0, 400.0, 300.0, 900.0] * 5
MODEL = default_estimator("regression", HOUSES.columns).fit(matrix(ROWS, HOUSES.columns), PRICES)

numbers = st.floats(allow_nan=False, allow_infinity=False)
rows = st.tuples(
    numbers, st.none() | st.text(max_size=9), st.none() | numbers, st.none() | st.text()
).map(list)


@given(st.lists(rows, min_size=1, max_size=8))
def test_each_row_gets_a_number_or_a_reason_whatever_is_in_it(many: list[list[Any]]) -> None:
    outcomes = Predictor(MODEL, "", ModelInput(HOUSES)).predict(many)
    for row, outcome in zip(many, outcomes, strict=True):
        sizes = {"rooms": abs(row[0]), "area": abs(row[2] or 0)}
        if max(sizes.values()) > 1e100:
            assert isinstance(outcome, Failed)
            name, _, reason = outcome.reason.partition(": ")
            assert sizes[name] > 1e100
            assert reason == "too large, the most is 1e+100"
        else:
            assert isinstance(outcome, float | Failed)
            (alone,) = Predictor(MODEL, "", ModelInput(HOUSES)).predict([row])
            assert isinstance(alone, float) == isinstance(outcome, float)


def test_what_is_missing_is_predicted_where_the_schema_allows_it_only() -> None:
    few = ModelInput(HOUSES, ["area", "rooms"])
    model = default_estimator("regression", few.columns).fit(few.array(ROWS), PRICES)
    outcomes = Predictor(model, "", few).predict([[3.0, "", None, ""], [None, "", 7.0, ""]])
    assert isinstance(outcomes[0], float)
    assert outcomes[1] == Failed("rooms: missing, and the schema does not allow it")


def test_a_model_of_some_columns_takes_them_by_name_in_its_own_order() -> None:
    class Told:
        def predict(self, features: Any) -> Any:
            return features[:, 0] * 1000 + features[:, 1]

    predictor = Predictor(Told(), "", ModelInput(HOUSES, ["area", "rooms"]))
    assert predictor.predict([[2.0, "Bern", 50.0, "a"], [3.0, None, 60.0, None]]) == [50002, 60003]
    single = Predictor(
        LinearRegression().fit([[1], [2]], [1, 2]), "", ModelInput(HOUSES, ["rooms"])
    )
    assert single.predict(ROWS[:2]) == [pytest.approx(1), pytest.approx(4)]


@pytest.mark.parametrize("features", [[], ["rooms", "rooms"], ["rooms", "height"]])
def test_columns_that_a_row_does_not_bring_are_told(features: list[str]) -> None:
    with pytest.raises(ModelError, match="a row of the data set 'houses' brings rooms town area"):
        ModelInput(HOUSES, features)


def classifier(probabilities: Any, classes: Any = ("a", "b", "c")) -> Any:
    class Sure:
        classes_ = np.array(classes)

        def predict_proba(self, features: Any) -> Any:
            return np.array([probabilities] * len(features))

    return Sure()


def test_probabilities_are_in_the_order_of_the_schema() -> None:
    predictor = Predictor(classifier([0.2, 0.7, 0.1]), "", ModelInput(KINDS))
    (outcome,) = predictor.predict([[1.0, 2.0]])
    assert outcome == {"b": 0.7, "a": 0.2, "c": 0.1}
    assert isinstance(outcome, dict)
    assert [*outcome] == CLASSES
    of_two = Predictor(classifier([0.25, 0.75], ("a", "c")), "", ModelInput(KINDS))
    assert of_two.predict([[1.0, 2.0]]) == [{"a": 0.25, "c": 0.75}]


@given(st.lists(st.floats(-0.01, 1.01) | st.just(math.nan), min_size=3, max_size=3))
def test_what_is_answered_is_always_what_metric_takes(probabilities: list[float]) -> None:
    total = math.fsum(probabilities)
    for told in (probabilities, [each / total for each in probabilities] if total else []):
        if not told:
            continue
        (outcome,) = Predictor(classifier(told), "", ModelInput(KINDS)).predict([[1.0, 2.0]])
        if isinstance(outcome, Failed):
            assert outcome.reason.startswith("the model's probabilities are not from 0 to 1")
        else:
            assert isinstance(outcome, dict)
            off = abs(math.fsum(outcome.values()) - 1)
            assert prediction_error(outcome, KINDS) == "" or off == pytest.approx(0.001)


def test_a_model_without_probabilities_tells_classes() -> None:
    points, kinds = [[0.0, 0.0], [5.0, 5.0], [9.0, 0.0]] * 4, ["a", "b", "c"] * 4
    model = RidgeClassifier().fit(points, kinds)
    outcomes = Predictor(model, "", ModelInput(KINDS)).predict(points[:3])
    assert outcomes == ["a", "b", "c"]


def test_a_class_that_the_schema_does_not_know_fails_alone() -> None:
    class Odd:
        def predict(self, features: Any) -> Any:
            return np.array(["z" if x > 1 else "a" for x in features[:, 0]])

    outcomes = Predictor(Odd(), "", ModelInput(KINDS)).predict([[0.0, 0.0], [2.0, 0.0]])
    assert outcomes[0] == "a"
    assert outcomes[1] == Failed('the model\'s class: kind: "z" is none of the classes b a c')


@pytest.mark.parametrize("classes", [("a", "b", "z"), (0, 1, 2)])
def test_a_model_that_was_trained_on_other_classes_is_refused(classes: Any) -> None:
    with pytest.raises(ModelError, match=r"it was trained on another class: kind: .* is none of"):
        Predictor(classifier([0.2, 0.7, 0.1], classes), "", ModelInput(KINDS))


def test_a_regression_is_no_model_for_classes_and_the_other_way_round() -> None:
    points = [[0.0, 0.0], [5.0, 5.0]] * 4
    regression = skops.io.dumps(Ridge().fit(points, [1, 2] * 4))
    with pytest.raises(ModelError, match=r"does not predict one class from 2 \(x y\)"):
        Predictor.of(regression, Path("model.skops"), "", ModelInput(KINDS))
    kinds = skops.io.dumps(LogisticRegression().fit(points, ["a", "b"] * 4))
    with pytest.raises(ModelError, match=r"does not predict one number from 2 \(rooms area\)"):
        Predictor.of(kinds, Path("model.skops"), "", ModelInput(HOUSES, ["rooms", "area"]))


def test_a_stored_model_of_texts_is_loaded_and_predicts_the_same() -> None:
    loaded = Predictor.of(skops.io.dumps(MODEL), Path("model.skops"), "", ModelInput(HOUSES))
    expected = MODEL.predict(matrix(ROWS, HOUSES.columns)).tolist()
    assert loaded.predict(ROWS) == pytest.approx(expected)


@pytest.mark.parametrize(
    "columns", [["town"], "town", make_column_selector(dtype_include=object), np.array(["town"])]
)
def test_a_pipeline_that_selects_by_name_is_refused_with_the_cure(columns: Any) -> None:
    model = make_pipeline(make_column_transformer((OneHotEncoder(), columns)), Ridge())
    with pytest.raises(ModelError, match=r"selects the columns of .* by name.* by position inst"):
        check_loaded(model)


def test_each_object_is_looked_at_however_briefly_it_is_there() -> None:
    class Fleeting:
        def __getattribute__(self, name: str) -> Any:
            return {"made": [self]} if name == "__dict__" else super().__getattribute__(name)

    found = sum(
        "made" in part for part in _parts([Fleeting() for _ in range(50)]) if isinstance(part, dict)
    )
    assert found == 50


def test_two_hundred_numbers_are_no_trouble() -> None:
    schema = Schema("wide", "regression", Target("y"), [Number(f"n{i}") for i in range(200)])
    taken = ModelInput(schema)
    many = np.random.default_rng(0).normal(size=(300, 200)).tolist()
    model = default_estimator("regression", schema.columns).fit(taken.array(many), range(300))
    assert all(isinstance(each, float) for each in Predictor(model, "", taken).predict(many))
