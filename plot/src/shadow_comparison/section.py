"""The page's section on a shadow model: all that hangs on to the rest of plot."""

from functools import partial
from pathlib import Path
from typing import Any

from logs.follower import Follower
from page.narrator import Section
from page.payloads import known
from pipeline.files import METRIC_LOG_SHADOW
from pipeline.table.schema import Schema
from shadow_comparison.comparison import ClassComparison, Comparison, Comparisons
from shadow_comparison.confidence_sequence import MIN_ROWS
from shadow_comparison.rows import ClassShadowRows, ShadowRows


def shadow_section(logs_dir: Path, schema: Schema) -> Section:
    """Returns the section that compares a shadow model with the live one, once it has a log."""
    path, classes = logs_dir / METRIC_LOG_SHADOW, schema.target.classes
    follower: Follower[Any, Comparisons[Any]] = (
        Follower(path, ClassShadowRows, partial(Comparisons, ClassComparison), classes)
        if classes
        else Follower(path, ShadowRows, partial(Comparisons, Comparison))
    )

    def tell() -> dict[str, Any] | None:
        with follower.held() as comparisons:
            return payload(comparisons, follower.unreadable)

    return Section("shadow", follower, tell)


def payload(comparisons: Comparisons[Any], unreadable: int) -> dict[str, Any] | None:
    """Returns the comparison of the shadow model with the live one; None without rows."""
    latest = comparisons.latest()
    if latest is None:
        return None
    model_id, live_model_id, comparison = latest
    shadow, live = _figures(comparison)
    difference = comparison.difference()
    return {
        "rows": comparison.rows,
        "rows_needed": MIN_ROWS,
        "failed": comparison.failed,
        "bound": comparison.bound,
        "beyond": comparison.beyond,
        "unreadable": unreadable,
        "candidate": {"model_id": model_id, **shadow},
        "live": {"model_id": live_model_id, **live},
        "difference": difference and difference._asdict(),
        "verdict": comparison.verdict(),
    }


def _figures(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the figures of the shadow model and of the live one, None without rows."""
    has_rows = comparison.rows > 0
    scores = comparison.score() if has_rows else (None, None)
    if isinstance(comparison, ClassComparison):
        errors = comparison.mean_error() if has_rows else (None, None)
        only = comparison.tells_classes_only()
        names = "half_brier", "mae", "classes_only"
        return [
            dict(zip(names, each, strict=True)) for each in zip(scores, errors, only, strict=True)
        ]
    rmses = comparison.rmse() if has_rows else (None, None)
    return [{"mae": score, "rmse": known(rmse)} for score, rmse in zip(scores, rmses, strict=True)]
