"""The page's section on a shadow model: all that hangs on to the rest of plot."""

from pathlib import Path
from typing import Any

from logs.follower import Follower
from page.narrator import Section
from page.payloads import known
from pipeline.files import METRIC_LOG_SHADOW
from shadow_comparison.comparison import Comparisons
from shadow_comparison.confidence_sequence import MIN_ROWS
from shadow_comparison.rows import ShadowRows


def shadow_section(logs_dir: Path) -> Section:
    """Returns the section that compares a shadow model with the live one, once it has a log."""
    follower = Follower(logs_dir / METRIC_LOG_SHADOW, ShadowRows, Comparisons)

    def tell() -> dict[str, Any] | None:
        with follower.held() as comparisons:
            return payload(comparisons, follower.unreadable)

    return Section("shadow", follower, tell)


def payload(comparisons: Comparisons, unreadable: int) -> dict[str, Any] | None:
    """Returns the comparison of the shadow model with the live one; None without rows."""
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
        "candidate": {"model_id": model_id, "mae": maes[0], "rmse": known(rmses[0])},
        "live": {"model_id": live_model_id, "mae": maes[1], "rmse": known(rmses[1])},
        "difference": difference and difference._asdict(),
        "verdict": comparison.verdict(),
    }
