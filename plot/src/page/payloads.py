"""The view of a summary for the page: its numbers and charts, as plain values."""

import math
from typing import Any

from picture import not_shown
from stats.betting import MIN_ROWS
from stats.comparison import Comparisons
from stats.scale import fit
from stats.summary import Summary
from stats.trend import Course

DIGITS = 7  # significant digits of the error curve


def numbers(summary: Summary) -> dict[str, float | None]:
    """Returns the numbers of all rows: counts, and points of the target.

    A number is None if there are no rows, or it is beyond the range of a float.
    """
    return {
        "rows": summary.rows,
        "mae": _known(summary.mae),
        "rmse": _known(summary.rmse),
        "bias": _known(summary.bias),
        "median": _known(summary.median),
        "p90": _known(summary.errors.quantile(0.9)),
    }


def charts(summary: Summary) -> dict[str, Any]:
    """Returns the three charts of a summary; the histogram is that of the picture."""
    scale, density = fit(summary), summary.pairs.density()
    return {
        "histogram": {
            "bar_width": scale.bar_width,
            "counts": summary.errors.histogram(scale.edges).tolist(),
            "note": not_shown(summary, scale),
        },
        "trend": {
            "100": _course(summary.trend.last(100, window=20)),
            "1000": _course(summary.trend.last(1000, window=100, step=5)),
            "all": _course(summary.trend.whole()),
        },
        "pairs": {
            "cell": density.cell,
            "y_true": density.y_true.tolist(),
            "y_pred": density.y_pred.tolist(),
            "rows": density.rows.tolist(),
            "beyond": density.beyond,
        },
    }


def predictions(summary: Summary) -> dict[str, Any]:
    """Returns the histogram of all rows' predictions; those `beyond` its range are in no bar."""
    edges, counts = summary.pairs.predictions()
    return {
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "rows": summary.rows,
        "beyond": summary.rows - int(counts.sum()),
    }


def shadow(comparisons: Comparisons, unreadable: int) -> dict[str, Any] | None:
    """Returns the comparison of the candidate with the live model; None if none was tried."""
    latest = comparisons.latest()
    if latest is None:
        return None
    model_id, live_model_id, comparison = latest
    maes = comparison.mae() if comparison.rows else (None, None)
    rmses = comparison.rmse() if comparison.rows else (None, None)
    difference = comparison.difference()
    return {
        "rows": comparison.rows,
        "rows_needed": MIN_ROWS,
        "failed": comparison.failed,
        "bound": comparison.bound,
        "beyond": comparison.beyond,
        "unreadable": unreadable,
        "candidate": {"model_id": model_id, "mae": maes[0], "rmse": _known(rmses[0])},
        "live": {"model_id": live_model_id, "mae": maes[1], "rmse": _known(rmses[1])},
        "difference": difference and difference._asdict(),
        "verdict": comparison.verdict(),
    }


def _course(course: Course) -> dict[str, Any]:
    return {
        "window": course.window,
        "rows": course.rows.tolist(),
        "mae": [_rounded(value) for value in course.mae.tolist()],
        "band": [_rounded(value) for value in course.band.tolist()],
    }


def _rounded(value: float) -> float | None:
    """Rounds to DIGITS significant digits, at any scale: it is pushed again and again."""
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _known(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
