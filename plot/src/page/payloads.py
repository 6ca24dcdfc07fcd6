"""The view of a summary for the page: its numbers and charts, as plain values."""

import math
from typing import Any

from picture import not_shown
from stats.scale import fit
from stats.summary import Summary
from stats.trend import Curve

DIGITS = 7  # significant digits of the error curve


def numbers(summary: Summary) -> dict[str, float | None]:
    """Returns the numbers of all rows: counts, and points of the target.

    A number is None if there are no rows, or it is beyond the range of a float.
    """
    return {
        "rows": summary.rows,
        "mae": known(summary.mae),
        "rmse": known(summary.rmse),
        "bias": known(summary.bias),
        "median": known(summary.median),
        "p90": known(summary.errors.quantile(0.9)),
    }


def charts(summary: Summary) -> dict[str, Any]:
    """Returns the three charts of a summary; the histogram is that of the picture."""
    scale, density = fit(summary), summary.scatter.density()
    return {
        "histogram": {
            "bar_width": scale.bar_width,
            "counts": summary.errors.histogram(scale.edges).tolist(),
            "note": not_shown(summary, scale),
        },
        "trend": {
            "100": _curve(summary.trend.last(100, window=20)),
            "1000": _curve(summary.trend.last(1000, window=100, step=5)),
            "all": _curve(summary.trend.whole()),
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
