"""Finds columns that give the answer away, each by a tree that sees nothing else."""

import random
from shlex import quote

import numpy as np

from pipeline.table.matrix import Matrix
from pipeline.table.rows import Label, Rows, Value
from pipeline.table.schema import Number, Schema, Text

MAX_ROWS, MAX_VALUES = 2_000, 40_000  # that are looked at
MIN_ROWS = 40
MAX_NAMED = 5
SUSPECT = 0.95  # R², or accuracy
BETTER_THAN_GUESSING = 0.5  # an accuracy of 0.96 is nothing where 96 % are of one class


def leaks(schema: Schema, rows: Rows) -> list[str]:
    """Returns a sentence on the columns from each of which alone the target follows almost."""
    values, labels = rows.training()
    most = min(MAX_ROWS, MAX_VALUES // len(schema.columns) + MIN_ROWS)
    picked = random.Random(0).sample(range(len(labels)), min(most, len(labels)))
    if len(picked) < MIN_ROWS:
        return []
    told = [labels[index] for index in picked]
    found: dict[str, str] = {}
    for index, column in enumerate(schema.columns):
        if not isinstance(column, Text):
            texts = [values[row][index] for row in picked]
            if score := _score(_codes(texts, isinstance(column, Number)), told, schema):
                found[column.name] = score
    return [_sentence(found, schema.target.name)] if found else []


def _sentence(found: dict[str, str], target: str) -> str:
    names = [f"{name} ({score})" for name, score in found.items()][:MAX_NAMED]
    more = " …" if len(found) > MAX_NAMED else ""
    gives, they = ("gives", "is it") if len(found) == 1 else ("each give", "are they")
    return (
        f"{', '.join(names)}{more} {gives} almost the whole answer: {they} known before "
        f"{target} is? If not, --leave-out {quote(next(iter(found)))}"
    )


def _codes(values: list[Value], are_numbers: bool) -> Matrix:
    if are_numbers:
        return np.array(values, dtype=np.float64).reshape(-1, 1)
    codes: dict[Value, float] = {}
    return np.array([codes.setdefault(value, len(codes)) for value in values]).reshape(-1, 1)


def _score(codes: Matrix, labels: list[Label], schema: Schema) -> str:
    """Returns what a tree reaches on the half that it has not seen, if that is suspicious."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # noqa: PLC0415

    half = len(labels) // 2
    is_classes = schema.task == "classification"
    kind = DecisionTreeClassifier if is_classes else DecisionTreeRegressor
    limit = np.finfo(np.float32).max  # of trees
    codes = np.clip(codes, -limit, limit)
    tree = kind(min_samples_leaf=2, random_state=0).fit(codes[:half], labels[:half])
    score = float(tree.score(codes[half:], labels[half:]))
    if score <= SUSPECT:
        return ""
    if not is_classes:
        return f"R² {score:.2f}"
    majority = max(map(labels[half:].count, {*labels[:half]}), default=0) / (len(labels) - half)
    is_better = 1 - score < BETTER_THAN_GUESSING * (1 - majority)
    return f"accuracy {score:.2f}" if is_better else ""
