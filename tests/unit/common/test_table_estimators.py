"""The default model of a schema: fits what tables bring, and is stored and loaded as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline

from pipeline.errors import ModelError
from pipeline.model_store.loaded_check import check_loaded
from pipeline.table.estimators import default_estimator
from pipeline.table.matrix import matrix
from pipeline.table.schema import Category, Column, Number, Text

MIXED: list[Column] = [
    Number("rooms", missing=True),
    Category("town", ["Basel", "Bern"], missing=True),
    Text("remarks", missing=True),
]
ROWS: list[list[Any]] = [
    [1.0, "Basel", "a small flat"],
    [None, "Bern", "a large house with a garden"],
    [3.0, None, None],
    [4.0, "Bern", "a house"],
] * 5


def test_a_mixed_table_is_fitted_and_unknown_values_are_borne() -> None:
    model = default_estimator("regression", MIXED)
    model.fit(matrix(ROWS, MIXED), np.arange(len(ROWS)))
    strange: list[list[Any]] = [[None, "Thun", "never seen"], [1e9, "", ""]]
    assert np.isfinite(model.predict(matrix(strange, MIXED))).all()


def test_a_table_of_numbers_needs_no_column_transformer() -> None:
    columns: list[Column] = [Number("a"), Number("b")]
    steps = default_estimator("regression", columns).named_steps
    assert [*steps] == ["standardscaler", "ridgecv"]
    with_gaps: list[Column] = [Number("a", missing=True), Number("b")]
    assert "simpleimputer" in default_estimator("regression", with_gaps).named_steps


def test_classes_get_probabilities() -> None:
    data = load_iris()
    columns: list[Column] = [Number(name) for name in data.feature_names]
    model = default_estimator("classification", columns)
    model.fit(matrix(data.data.tolist(), columns), data.target_names[data.target])
    assert model.score(data.data, data.target_names[data.target]) > 0.95
    assert model.predict_proba(data.data).sum(axis=1) == pytest.approx(1)


def test_a_stored_model_predicts_as_before(tmp_path: Path) -> None:
    rows = matrix(ROWS, MIXED)
    model = default_estimator("regression", MIXED).fit(rows, np.arange(len(ROWS)))
    path = tmp_path / "model.skops"
    skops.io.dump(model, path)
    loaded = skops.io.load(path, trusted=["numpy.dtype", "scipy.sparse._csr.csr_matrix"])
    check_loaded(loaded)
    assert np.array_equal(loaded.predict(rows), model.predict(rows))


@pytest.mark.parametrize(
    "vectorizer",
    [
        TfidfVectorizer(input="filename"),
        TfidfVectorizer(token_pattern=r"(a+)+$"),
        HashingVectorizer(decode_error="ignore"),
        TfidfVectorizer(analyzer=str.split),
        TfidfVectorizer(tokenizer=str.split),
    ],
)
def test_a_vectorizer_that_could_do_harm_is_refused(vectorizer: Any) -> None:
    model = make_pipeline(make_pipeline(vectorizer), Ridge())
    with pytest.raises(ModelError, match=r"Vectorizer has .* is not accepted"):
        check_loaded(model)


def test_a_vectorizer_with_other_numbers_is_accepted() -> None:
    check_loaded(make_pipeline(TfidfVectorizer(ngram_range=(1, 2), analyzer="char"), Ridge()))


def test_a_model_that_wants_all_cores_gets_one() -> None:
    model = make_pipeline(KNeighborsRegressor(n_jobs=-1))
    check_loaded(model)
    assert model[0].n_jobs is None
