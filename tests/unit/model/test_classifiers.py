"""Every classifier of scikit-learn that makes sense is stored, loaded, and predicts the same."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import skops.io
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest, chi2, f_classif, mutual_info_classif
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from pipeline.errors import ModelError
from pipeline.messages import Message
from pipeline.model_store import onnx_export
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.table.data_sets import load
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.schema import Column, Number
from shadow_answers import shadow_answers

SCHEMA, ROWS = load("iris", Path("nowhere"))
TAKEN = ModelInput(SCHEMA)
VALUES, LABELS = ROWS.training()
X = matrix(VALUES, SCHEMA.columns)
HELD_OUT = ROWS.holdout()[0]

OTHERS = {  # made below from others, or for more than one class a row, or for two classes alone
    "CalibratedClassifierCV", "ClassifierChain", "FixedThresholdClassifier",
    "MultiOutputClassifier", "OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier",
    "SelfTrainingClassifier", "StackingClassifier", "TunedThresholdClassifierCV",
    "VotingClassifier",
}  # fmt: skip
FEW: dict[str, dict[str, Any]] = {  # trees and rounds, for the time that a test has
    "AdaBoostClassifier": {"n_estimators": 3},
    "BaggingClassifier": {"n_estimators": 2},
    "ExtraTreesClassifier": {"n_estimators": 3},
    "GradientBoostingClassifier": {"n_estimators": 3},
    "HistGradientBoostingClassifier": {"max_iter": 3},
    "LogisticRegressionCV": {"Cs": 2},
    "MLPClassifier": {"max_iter": 20},
    "RandomForestClassifier": {"n_estimators": 3},
}
LOGISTIC = LogisticRegression(max_iter=1000)
TWO = [("a", LOGISTIC), ("b", DecisionTreeClassifier())]
PLAIN = [
    kind(**FEW.get(name, {}))
    for name, kind in all_estimators(type_filter="classifier")
    if name not in OTHERS
]
MADE = [
    CalibratedClassifierCV(LinearSVC()),
    CalibratedClassifierCV(LinearSVC(), method="isotonic"),
    CalibratedClassifierCV(LOGISTIC, method="temperature"),
    OneVsOneClassifier(LOGISTIC),
    OneVsRestClassifier(LOGISTIC),
    OutputCodeClassifier(LOGISTIC),
    StackingClassifier(TWO, cv=2),
    VotingClassifier(TWO, voting="soft"),
    GridSearchCV(LOGISTIC, {"C": [1.0, 2.0]}, cv=2),
    SGDClassifier(loss="log_loss"),
    HistGradientBoostingClassifier(max_iter=3, early_stopping=True),
    KNeighborsClassifier(algorithm="ball_tree"),
    RandomForestClassifier(3, class_weight="balanced"),
    *(
        make_pipeline(SelectKBest(by, k=2), LOGISTIC)
        for by in (f_classif, chi2, mutual_info_classif)
    ),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", [*PLAIN, *MADE], ids=lambda each: repr(each)[:50])
def test_it_is_trusted_and_predicts_as_before(estimator: Any) -> None:
    estimator.fit(X, LABELS)
    predictor = Predictor.of(skops.io.dumps(estimator), Path("model.skops"), "", TAKEN)
    outcomes = predictor.predict(HELD_OUT)
    rows = matrix(HELD_OUT, SCHEMA.columns)
    if not hasattr(estimator, "predict_proba"):
        assert outcomes == estimator.predict(rows).tolist()
        return
    for outcome, shares in zip(outcomes, estimator.predict_proba(rows), strict=True):
        assert isinstance(outcome, dict), outcome
        expected = dict(zip(estimator.classes_.tolist(), shares.tolist(), strict=True))
        assert outcome == pytest.approx(expected, abs=1e-12)
        assert [*outcome] == [name for name in SCHEMA.target.classes if name in expected]


@pytest.mark.parametrize(
    "estimator",
    [
        LOGISTIC,
        make_pipeline(StandardScaler(), LOGISTIC),
        GaussianNB(),
        RandomForestClassifier(5, random_state=0),
        make_pipeline(StandardScaler(), DecisionTreeClassifier()),
    ],
    ids=lambda each: repr(each)[:50],
)
def test_it_has_an_onnx_form_with_the_same_probabilities(estimator: Any) -> None:
    content, difference = onnx_export.export(estimator.fit(X, LABELS), X)
    assert difference < 0.001
    outcomes = Predictor.of(content, Path("model.onnx"), "", TAKEN).predict(HELD_OUT)
    shares = estimator.predict_proba(matrix(HELD_OUT, SCHEMA.columns))
    for outcome, row in zip(outcomes, shares, strict=True):
        assert outcome == pytest.approx(dict(zip(estimator.classes_, row, strict=True)), abs=1e-5)


def test_an_onnx_form_without_probabilities_tells_classes() -> None:
    model = RidgeClassifier().fit(X, LABELS)
    content, difference = onnx_export.export(model, X)
    assert difference == 0
    outcomes = Predictor.of(content, Path("model.onnx"), "", TAKEN).predict(HELD_OUT)
    assert outcomes == model.predict(matrix(HELD_OUT, SCHEMA.columns)).tolist()


def test_an_onnx_form_bears_a_missing_number_where_the_schema_allows_one() -> None:
    first = Number("sepal_length", missing=True)
    columns: list[Column] = [first, *SCHEMA.columns[1:]]
    schema = msgspec.structs.replace(SCHEMA, columns=columns)
    values = [[None if index % 7 == 0 else row[0], *row[1:]] for index, row in enumerate(VALUES)]
    rows = matrix(values, columns)
    model = default_estimator("classification", columns).fit(rows, LABELS)
    content, _ = onnx_export.export(model, rows)
    both = [
        Predictor.of(content, Path("model.onnx"), "", ModelInput(schema)).predict(values),
        Predictor(model, "", ModelInput(schema)).predict(values),
    ]
    for converted, own in zip(*both, strict=True):
        assert converted == pytest.approx(own, abs=1e-5)
    (refused,) = Predictor(model, "", TAKEN).predict([[None, 1.0, 1.0, 1.0]])
    assert refused == Failed("sepal_length: missing, and the schema does not allow it")


def test_an_onnx_file_of_a_regression_tells_no_classes() -> None:
    content, _ = onnx_export.export(LinearRegression().fit(X, X[:, 0]), X)
    with pytest.raises(
        ModelError, match="a model for classes has one input, and gives the classes"
    ):
        Predictor.of(content, Path("model.onnx"), "", TAKEN)


def test_what_a_shadow_model_says_of_classes_is_told_and_null_where_it_fails() -> None:
    class Fragile:
        classes_ = np.array(["setosa", "virginica"])

        def predict_proba(self, features: Any) -> Any:
            if (features > 100).any():
                raise ValueError("too long")
            return np.array([[0.25, 0.75]] * len(features))

    message = Message(["a", "b"], [VALUES[0], [101.0, 1.0, 1.0, 1.0]], batched=True)
    (answer,) = shadow_answers(Predictor(Fragile(), "frail", TAKEN), [message], lambda: None)
    assert answer.encode() == (b'{"id":["a","b"],"body":[{"setosa":0.25,"virginica":0.75},null]}')
