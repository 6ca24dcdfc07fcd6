"""Every classifier of scikit-learn that makes sense is stored, loaded, and predicts the same."""

from pathlib import Path
from typing import Any

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
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import all_estimators

from pipeline.model_store import onnx_export
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.table.data_sets import load
from pipeline.table.matrix import matrix

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
