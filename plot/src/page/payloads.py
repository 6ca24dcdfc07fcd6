"""The view of a summary for the page: its numbers and charts, as plain values."""

import math
from typing import Any

from picture import not_shown
from stats.class_summary import ClassSummary
from stats.scale import fit
from stats.summary import ErrorSummary, Summary
from stats.trend import Curve

DIGITS = 7  # significant digits of the error curve
MAX_MATRIX_CLASSES = 100  # of which the page shows a matrix: it has 10,000 cells

AnySummary = Summary | ClassSummary


def numbers(summary: AnySummary) -> dict[str, Any]:
    """Returns the numbers of all rows: counts, and errors in the unit of the target.

    A number is None if there are no rows, or it is beyond the range of a float.
    """
    if isinstance(summary, ClassSummary):
        return _numbers_of_classes(summary)
    return {
        "rows": summary.rows,
        "mae": known(summary.mae),
        "rmse": known(summary.rmse),
        "bias": known(summary.bias),
        "median": known(summary.median),
        "p90": known(summary.errors.quantile(0.9)),
    }


def _numbers_of_classes(summary: ClassSummary) -> dict[str, Any]:
    most, share = summary.baseline
    return {
        "rows": summary.rows,
        "accuracy": known(summary.accuracy),
        "baseline": {"class": most, "accuracy": known(share)},
        "mae": known(summary.mae),
        "log_loss": known(summary.log_loss),
        "classes_only": summary.tells_classes_only,
        "impossible": summary.impossible,
        "median": known(summary.median),
        "p90": known(summary.errors.quantile(0.9)),
    }


def charts(summary: AnySummary) -> dict[str, Any]:
    """Returns the charts of a summary; the histogram is that of the picture."""
    pairs = _classes(summary) if isinstance(summary, ClassSummary) else _pairs(summary)
    return _errors(summary) | pairs


def _errors(summary: ErrorSummary) -> dict[str, Any]:
    scale = fit(summary)
    return {
        "histogram": {
            "bar_width": scale.bar_width,
            "counts": scale.counts(summary.errors).tolist(),
            "note": not_shown(summary, scale),
        },
        "trend": {
            "100": _curve(summary.trend.last(100, window=20)),
            "1000": _curve(summary.trend.last(1000, window=100, step=5)),
            "all": _curve(summary.trend.whole()),
        },
    }


def _pairs(summary: Summary) -> dict[str, Any]:
    density = summary.scatter.density()
    return {
        "pairs": {
            "cell": density.cell,
            "y_true": density.y_true.tolist(),
            "y_pred": density.y_pred.tolist(),
            "rows": density.rows.tolist(),
            "beyond": density.beyond,
        },
    }


def _classes(summary: ClassSummary) -> dict[str, Any]:
    """Returns the figures by class, and the matrix: each a list of a true class's predictions."""
    figures = summary.by_class()
    return {
        "by_class": {
            "rows": figures.rows.tolist(),
            "predicted": figures.predicted.tolist(),
            "recall": [known(value) for value in figures.recall.tolist()],
            "precision": [known(value) for value in figures.precision.tolist()],
        },
        "confusion": summary.confusion.tolist()
        if len(figures.rows) <= MAX_MATRIX_CLASSES
        else None,
    }


def predictions(summary: AnySummary, classes: list[str]) -> dict[str, Any]:
    """Returns the histogram of all rows' predictions; those `beyond` its range are in no bar.

    Of classes it returns the number of predictions of each.
    """
    if isinstance(summary, ClassSummary):
        counted = summary.by_class().predicted.tolist()
        return {"classes": classes, "counts": counted, "rows": summary.rows}
    edges, counts = summary.scatter.predictions()
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "rows": summary.rows,
        "beyond": summary.rows - int(counts.sum()),
    }


def _curve(curve: Curve) -> dict[str, Any]:
    return {
        "window": curve.window,
        "rows": curve.rows.tolist(),
        "mae": [_rounded(value) for value in curve.mae.tolist()],
        "band": [_rounded(value) for value in curve.band.tolist()],
    }


def _rounded(value: float) -> float | None:
    """Rounds to DIGITS significant digits, at any scale: it is pushed again and again."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def known(value: float | None) -> float | None:
    """Returns a finite number as it is, and None for any other."""
    return value if value is not None and math.isfinite(value) else None
