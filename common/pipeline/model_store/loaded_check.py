"""A walk over a loaded estimator: types that are trusted can still be set to do harm.

A list of trusted types keeps foreign code out of a skops file. It does not keep out a vectorizer
that opens the file which a row names, or one whose pattern takes a second for a short text. What
needs the names of columns is refused as well: it would fail on every row.
"""

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer

from pipeline.errors import ModelError

FREE = {  # what a vectorizer may differ in: numbers, and lists of words
    "binary", "dtype", "lowercase", "max_df", "max_features", "min_df", "n_features", "ngram_range",
    "norm", "alternate_sign", "smooth_idf", "stop_words", "strip_accents", "sublinear_tf",
    "use_idf", "vocabulary",
}  # fmt: skip
ANALYZERS = ("word", "char", "char_wb")


def check_loaded(estimator: Any) -> None:
    """Resets what would start processes or threads. Raises ModelError for what could do harm."""
    for part in _parts(estimator):
        if isinstance(part, CountVectorizer | HashingVectorizer):
            _check_vectorizer(part)
        if isinstance(part, ColumnTransformer):
            _check_selection(part)
        if isinstance(part, BaseEstimator) and getattr(part, "n_jobs", None) is not None:
            part.n_jobs = None  # all cores for a few rows: they would wait for each other


def _check_vectorizer(vectorizer: Any) -> None:
    defaults = inspect.signature(type(vectorizer)).parameters
    for name, value in vectorizer.get_params(deep=False).items():
        if name in FREE or (name == "analyzer" and value in ANALYZERS):
            continue
        if value != defaults[name].default:
            raise ModelError(
                f"its {type(vectorizer).__name__} has {name}={value!r}, which is not accepted: "
                f"leave it at {defaults[name].default!r}"
            )


def _check_selection(transformer: ColumnTransformer) -> None:
    """Raises ModelError for columns by name: a row comes as an array, which has no names."""
    for name, _, columns in transformer.transformers:
        picked = columns if isinstance(columns, list | tuple | np.ndarray) else [columns]
        if any(isinstance(each, str) or callable(each) for each in picked):
            raise ModelError(
                f"its ColumnTransformer selects the columns of {name!r} by name, and a row comes "
                "as an array: name them by position instead, from 0 in the order of the model's "
                "features, and train it on an array, as table.matrix.matrix(rows, columns) gives it"
            )


def _parts(root: Any) -> Iterator[Any]:
    """Yields all objects that an estimator holds, each once."""
    seen: dict[int, Any] = {}  # by id; kept, as what is freed may leave its id to another
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if id(part) in seen or isinstance(part, str | bytes | int | float):
            continue
        seen[id(part)] = part
        yield part
        if isinstance(part, dict):
            waiting += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple | set | frozenset):
            waiting += part
        elif isinstance(part, np.ndarray):
            waiting += part.ravel().tolist() if part.dtype == object else []
        else:
            waiting.append(getattr(part, "__dict__", {}))
