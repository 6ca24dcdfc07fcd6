"""The steps before a model, made from the columns of a schema; and a data set's default model.

A table of numbers is an array of floats, and needs no selection of columns. Any other table is an
array of objects by position: a DataFrame would cost a single row twice as much.
"""

from collections.abc import Sequence
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from pipeline.table.schema import Category, Column, Number, Task

MAX_CATEGORIES = 100  # a column with more of them has its rare ones counted together
FOLDS = 5  # of the rows, to choose a penalty by
MAX_WORDS = 5_000  # of a text column: 59,611 words would be 38 MB of model
MAX_TREE_WORDS = 200  # of a text column: 1.6 kB a row; 500 explain 4 % more, for twice the time
MAX_CODES = 255  # of categories: boosting sorts a column's values into so many bins


def default_estimator(task: Task, columns: Sequence[Column]) -> Pipeline:
    """Returns the model before training: ridge or logistic regression on prepared columns."""
    if task == "classification":
        return make_pipeline(*preparation(columns), LogisticRegression(max_iter=1_000))
    # Without folds, it would take the square of all words and categories in memory: 200 MB.
    is_numeric = all(isinstance(column, Number) for column in columns)
    penalties = RidgeCV(alphas=(0.1, 1.0, 10.0, 100.0), cv=None if is_numeric else FOLDS)
    return make_pipeline(*preparation(columns), penalties)


def preparation(columns: Sequence[Column]) -> list[Any]:
    """Returns the steps that turn the rows of matrix() into numbers without gaps, scaled.

    Unknown categories count as rare ones, or as none.
    """
    numbers = [column for column in columns if isinstance(column, Number)]
    if len(numbers) == len(columns):
        return _for_numbers(columns)
    for_numbers = make_pipeline(*_for_numbers(numbers))
    return [ColumnTransformer(_parts(columns, for_numbers, _for_categories(), MAX_WORDS))]


def preparation_for_trees(columns: Sequence[Column]) -> list[Any]:
    """Returns the steps before a forest or boosting; none for numbers, of which some may be NaN.

    Categories become codes, unknown ones -1; text becomes the weights of few words, as the array
    is dense.
    """
    if all(isinstance(column, Number) for column in columns):
        return []
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, max_categories=MAX_CODES
    )
    # Trees need no scaling, but the array is of objects, and this makes numbers of them.
    parts = _parts(columns, StandardScaler(), codes, MAX_TREE_WORDS)
    return [ColumnTransformer(parts, sparse_threshold=0)]


def _parts(
    columns: Sequence[Column], for_numbers: Any, for_categories: Any, words: int
) -> list[tuple[str, Any, Any]]:
    numbers = [index for index, column in enumerate(columns) if isinstance(column, Number)]
    categories = [index for index, column in enumerate(columns) if isinstance(column, Category)]
    parts: list[tuple[str, Any, Any]] = []
    if numbers:
        parts.append(("numbers", for_numbers, numbers))
    if categories:
        parts.append(("categories", for_categories, categories))
    for index, column in enumerate(columns):
        if not isinstance(column, Number | Category):
            # One number, and no list: a vectorizer takes a column as a sequence of texts.
            parts.append((f"text_{index}", TfidfVectorizer(max_features=words), index))
    return parts


def _for_numbers(columns: Sequence[Column]) -> list[Any]:
    if any(column.missing for column in columns):
        return [SimpleImputer(strategy="median"), StandardScaler()]
    return [StandardScaler()]


def _for_categories() -> OneHotEncoder:
    return OneHotEncoder(
        handle_unknown="infrequent_if_exist", min_frequency=2, max_categories=MAX_CATEGORIES
    )
