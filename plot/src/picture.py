"""The picture of a summary: a histogram of its absolute errors, as a PNG."""

import io
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator, StrMethodFormatter

from scale import MAE_SHARE, Scale, fit
from summary import RANGE, Summary

SIZE_INCHES, DPI = (8, 4.5), 150  # 1200 × 675 pixels: sharp where a page shows it 800 wide
LEFT, RIGHT = 0.11, 0.97  # of the width

INK, GREY, GRID = "#222222", "#5f6368", "#e3e5e8"
# Blue and vermilion stay apart for the colour-blind (Okabe and Ito), dashes without any colour.
BAR_COLOR, MAE_COLOR, MEDIAN_COLOR = "#8fc1e3", "#b84a00", "#1f3a5f"

FAST = {"compress_level": 1}  # a tenth less time for a picture, a sixth more bytes

HEADROOM = 1.3  # times the highest bar: labels stand above all bars,
UPPER, LOWER = 0.97, 0.88  # at these parts of the axes' height


class _Mark(NamedTuple):
    name: str
    value: float
    color: str
    dashes: str


def render(summary: Summary, updated: datetime) -> bytes:
    """The PNG of a summary, which says that it was `updated` then, in that time's zone."""
    figure = Figure(SIZE_INCHES, DPI)
    axes = figure.add_axes((LEFT, 0.13, RIGHT - LEFT, 0.7))
    scale = fit(summary)
    _prepare(axes)
    _draw_bars(axes, summary, scale)
    if summary.within:
        _draw_marks(axes, summary, scale)
    title = f"Absolute error of {_rows(summary.rows)}"
    figure.text(LEFT, 0.925, title, fontsize=15, weight="bold", color=INK)
    stamp = f"updated {updated:%Y-%m-%d %H:%M:%S %Z}"
    figure.text(RIGHT, 0.925, stamp, fontsize=10.5, color=GREY, ha="right")
    figure.text(LEFT, 0.87, not_shown(summary, scale), fontsize=10.5, color=GREY)
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None}, pil_kwargs=FAST)
    return png.getvalue()


def not_shown(summary: Summary, scale: Scale) -> str:
    """What the picture says of the rows that its axis leaves out."""
    notes = []
    shown = summary.histogram(scale.bins)[: scale.bars].sum()
    if further := summary.within - int(shown):
        notes.append(f"{_rows(further)} up to {summary.quantile(1):,.0f}")
    if summary.beyond:
        rows = _rows(summary.beyond)
        notes.append(f"{rows} beyond {RANGE:,.0f}, which MAE and median leave out")
    return "not shown: " + "; ".join(notes) if notes else ""


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _prepare(axes: Axes) -> None:
    label = "absolute error |y_true − y_pred| in points of disease progression"
    axes.set_xlabel(label, fontsize=12, color=INK)
    axes.set_ylabel("rows", fontsize=12, color=INK)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.tick_params(labelsize=11.5, length=0, colors=INK)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_bars(axes: Axes, summary: Summary, scale: Scale) -> None:
    counts = summary.histogram(scale.bins)[: scale.bars]
    edges = np.arange(scale.bars + 1) * scale.bar_width
    # Two artists, and not one for each bar: drawing those takes longer.
    axes.stairs(counts, edges, fill=True, color=BAR_COLOR)
    axes.vlines(edges[1:-1], 0, np.maximum(counts[1:], counts[:-1]), colors="white", linewidths=1)
    axes.set_xlim(0, scale.limit)
    highest = max(counts.max(), 1)
    axes.set_ylim(0, highest * HEADROOM)
    ticks = MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(0, highest)
    axes.set_yticks(ticks[ticks <= highest])
    is_long = highest >= 100_000
    axes.yaxis.set_major_formatter(EngFormatter() if is_long else StrMethodFormatter("{x:,.0f}"))


def _draw_marks(axes: Axes, summary: Summary, scale: Scale) -> None:
    """Marks MAE and median by lines, with labels that touch neither each other nor a line."""
    marks = [
        _Mark("MAE", summary.mae, MAE_COLOR, "-"),
        _Mark("median", summary.median, MEDIAN_COLOR, "--"),
    ]
    left, right = sorted(marks, key=lambda mark: mark.value)
    # Both labels stand on the same side of their lines; the line that lies on that side of the
    # other ends below the other's label.
    if right.value <= MAE_SHARE * scale.limit:
        _draw_mark(axes, left, UPPER, "left")
        _draw_mark(axes, right, LOWER, "left")
    else:
        _draw_mark(axes, left, LOWER, "right")
        _draw_mark(axes, right, UPPER, "right")


def _draw_mark(axes: Axes, mark: _Mark, top: float, align: Literal["left", "right"]) -> None:
    axes.axvline(
        mark.value, ymax=top, color=mark.color, linestyle=mark.dashes, linewidth=2, clip_on=False
    )
    axes.annotate(
        f"{mark.name} {mark.value:,.1f}",
        xy=(mark.value, top),
        xycoords=axes.get_xaxis_transform(),
        xytext=(6 if align == "left" else -6, 0),
        textcoords="offset points",
        ha=align,
        va="top",
        color=mark.color,
        fontsize=13,
        weight="bold",
    )
