"""Scores against scikit-learn and numpy, and which predictions count as the same."""

import csv
import io
import json
import math
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from class_score import SAME_WITHIN, Score, is_same, is_scored_as, score_of
from half import Half, csv_text, value_texts
from pipeline.table.schema import Schema, Target
from scores import Classification, Regression, Scores, scores_of

CLASSES = ["b", "a", "c,d"]
LETTERS = Schema("letters", "classification", Target("letter", classes=CLASSES), [])
WEIGHTS = st.lists(st.floats(0, 1), min_size=3, max_size=3).filter(lambda all_: sum(all_) > 0.1)


def said(weights: list[float]) -> str:
    """Probabilities in proportion to the weights, as metric keeps them."""
    total = math.fsum(weights)
    told = {name: weight / total for name, weight in zip(CLASSES, weights, strict=True)}
    (kept,) = scores_of(LETTERS).kept([told])
    return str(kept)


@given(weights=WEIGHTS, y_true=st.sampled_from(CLASSES))
def test_the_scores_are_those_of_scikit_learn(weights: list[float], y_true: str) -> None:
    score = score_of(y_true, said(weights), CLASSES)
    p = np.array(weights) / math.fsum(weights)
    y = np.array([name == y_true for name in CLASSES])
    assert score.half_brier == pytest.approx(((p - y) ** 2).sum() / 2, abs=1e-15)
    whole = brier_score_loss([y_true], [p[[1, 0, 2]]], labels=sorted(CLASSES), scale_by_half=False)
    assert score.half_brier == pytest.approx(whole / 2, abs=1e-9)
    assert score.absolute_error == 1 - p[y.argmax()]
    assert score.y_pred == CLASSES[p.argmax()]


def test_a_score_is_at_most_one_also_if_the_probabilities_sum_to_more() -> None:
    assert score_of("c,d", '{"b":1.0,"a":0.001}', CLASSES).half_brier == 1


def test_of_two_classes_it_is_the_square_of_the_error() -> None:
    score = score_of("a", '{"a":0.3,"b":0.7}', ["a", "b"])
    assert score.half_brier == pytest.approx((1 - 0.3) ** 2)


@pytest.mark.parametrize(
    ("prediction", "score"),
    [
        ("b", Score("b", "b", 0, 0)),
        ("a", Score("b", "a", 1, 1)),
        ('{"a":0.5,"b":0.5}', Score("b", "b", 0.5, 0.25)),  # b is the first of the classes
        ('{"a":1.0}', Score("b", "a", 1, 1)),  # the model does not know the others
        (math.inf, Score("b", "", math.inf, math.inf)),  # a shadow model predicted nothing
    ],
)
def test_a_class_alone_is_certain_and_a_draw_goes_to_the_first(
    prediction: str | float, score: Score
) -> None:
    assert score_of("b", prediction, CLASSES) == score


def test_probabilities_are_kept_in_the_order_of_the_classes() -> None:
    scores = scores_of(LETTERS)
    told: list[Any] = [{"c,d": 0.25, "b": 0.75}, "a", math.inf, {"a": 1.0}]
    assert scores.kept(told) == ['{"b":0.75,"c,d":0.25}', "a", math.inf, '{"a":1.0}']


NOISE = st.lists(st.floats(-1, 1), min_size=3, max_size=3)


@given(weights=WEIGHTS, noise=NOISE, y_true=st.sampled_from(CLASSES))
def test_what_is_the_same_while_pending_is_so_once_it_is_a_row(
    weights: list[float], noise: list[float], y_true: str
) -> None:
    """A row has only the score: what differs by rounding must not become a contradiction there."""
    first, total = said(weights), math.fsum(weights)
    moved = {
        name: min(1.0, max(0.0, weight / total + SAME_WITHIN * 0.999 * step))
        for name, weight, step in zip(CLASSES, weights, noise, strict=True)
    }
    again = json.dumps(moved)
    assert is_same(again, first)
    assert is_scored_as(again, score_of(y_true, first, CLASSES), CLASSES)


@given(weights=WEIGHTS, others=WEIGHTS)
def test_what_is_another_class_is_another_prediction(
    weights: list[float], others: list[float]
) -> None:
    first, again = said(weights), said(others)
    score = score_of("a", first, CLASSES)
    p = json.loads(again)
    if max(p.values()) - p[score.y_pred] > 1e-3:
        assert not is_same(again, first)
        assert not is_scored_as(again, score, CLASSES)


@pytest.mark.parametrize(
    ("first", "again", "differs"),
    [
        ("a", "a", False),
        ("a", '{"a":1.0}', False),
        ("a", "b", True),
        ('{"a":0.6,"b":0.4}', '{"a":0.6000009,"b":0.3999991}', False),
        ('{"a":0.6,"b":0.4}', '{"a":0.600002,"b":0.399998}', True),
        ('{"a":0.6,"b":0.4}', '{"a":0.6,"c,d":0.4}', True),
        (math.inf, math.inf, False),
        (math.inf, "a", True),
        ("a", math.inf, True),
    ],
)
def test_predictions_of_classes_differ_by_more_than_rounding(
    first: Any, again: Any, differs: bool
) -> None:
    scores = Classification(LETTERS)
    halves = (Half("x", "y_pred", value, 0) for value in (again, first))
    assert scores.differs(*halves) == differs


@pytest.mark.parametrize("scores", [Classification(LETTERS), scores_of()])
def test_labels_differ_exactly(scores: Scores) -> None:
    values: list[Any] = ["a", "b"] if isinstance(scores, Classification) else [1.0, 1.0 + 1e-15]
    first, other = (Half("x", "y_true", value, 0) for value in values)
    assert not scores.differs(first, first)
    assert scores.differs(other, first)


@pytest.mark.parametrize(
    ("least", "most", "first", "same", "other"),
    [
        (25, 346, 0.0, 0.00032, 0.00033),
        (0, 1e9, 5.0, 1005.0, 1006.0),
        (0, 1e-6, 0.0, 0.9e-12, 1.1e-12),
        (None, None, 0.0, 0.0, 1e-300),  # no range is known
        (None, None, 1e6, 1e6 + 0.9, 1e6 + 1.1),
        (-1.7e308, 1.7e308, 0.0, 3.3e302, 3.5e302),  # the range is no float
    ],
)
def test_predictions_of_numbers_differ_by_the_range_of_the_target(
    least: float | None, most: float | None, first: float, same: float, other: float
) -> None:
    schema = Schema("any", "regression", Target("t", least=least, most=most), [])
    scores = Regression(schema)
    halves = [Half("x", "y_pred", value, 0) for value in (first, same, other)]
    assert not scores.differs(halves[1], halves[0])
    assert scores.differs(halves[2], halves[0])


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"]), min_size=1)


@given(texts=st.lists(TEXTS | st.sampled_from(['a,"b"', ",", '"', "''", "1;2"]), min_size=2))
def test_a_field_is_quoted_as_the_csv_module_does(texts: list[str]) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_MINIMAL, lineterminator="\n").writerow(texts)
    assert ",".join(map(csv_text, texts)) + "\n" == written.getvalue()


def test_values_are_written_as_people_read_them() -> None:
    generator = random.Random(7)
    numbers = [generator.uniform(-1e9, 1e9) for _ in range(100)]
    assert [*map(float, value_texts([*numbers, math.inf]))] == [*numbers, math.inf]
    assert value_texts([]) == []
    assert value_texts(["007", Score("a", "b", 1, 1)]) == ["007", "b"]


@pytest.mark.parametrize(
    "again",
    [
        {"b": 0.3, "a": 0.5, "c,d": 0.2},  # another class, and the same scores
        # The same class and half Brier score, and another error.
        {"b": (1.5 + 1.09**0.5) / 4, "a": (1.5 - 1.09**0.5) / 4, "c,d": 0.25},
        {"b": 0.6, "a": 0.2, "c,d": 0.2},  # the same class and error, and another score
    ],
)
def test_each_part_of_a_score_tells_predictions_apart(again: dict[str, float]) -> None:
    first = score_of("c,d", '{"b":0.5,"a":0.3,"c,d":0.2}', CLASSES)
    other = score_of("c,d", json.dumps(again), CLASSES)
    same = [a == pytest.approx(b) for a, b in zip(first, other, strict=True)]
    assert same.count(False) == 1
    assert not is_scored_as(json.dumps(again), first, CLASSES)
