"""The picture of a summary: a histogram of its absolute errors, as a PNG."""

import io
import math
from datetime import datetime
from typing import Literal, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FuncFormatter, MaxNLocator, StrMethodFormatter

from pipeline.numbers import MIN_PLAIN, percent, readable
from pipeline.table.built_in import DIABETES
from pipeline.table.schema import Schema
from stats.class_summary import ClassSummary
from stats.scale import MAE_SHARE, Scale, fit
from stats.summary import ErrorSummary
from wording import target_title

PICTURE = "error_distribution.png"  # the name of its file

SIZE_INCHES, DPI = (8, 4.5), 150  # 1200 × 675 pixels: sharp where a page shows it 800 wide
LEFT, RIGHT = 0.11, 0.955  # of the width, leaving room for half a label of the axis

INK, GREY, GRID = "#222222", "#5f6368", "#e3e5e8"
# Blue and vermilion stay apart for the colour-blind (Okabe and Ito), dashes without any colour.
BAR_COLOR, MAE_COLOR, MEDIAN_COLOR = "#8fc1e3", "#b84a00", "#1f3a5f"

FAST = {"compress_level": 1}  # a picture takes a tenth less time, and a sixth more bytes

matplotlib.rcdefaults()  # a user's matplotlibrc may ask for what is missing here, such as LaTeX

HEADROOM = 1.3  # times the highest bar: labels stand above all bars,
UPPER, LOWER = 0.97, 0.88  # at these parts of the axes' height
MAX_TITLE, MAX_UNIT = 40, 20  # characters that the picture has room for
MAX_PLAIN_AXIS = 1e6  # an axis that goes further is labelled in a power of ten


class _Mark(NamedTuple):
    name: str
    value: float
    color: str
    dashes: str


def render(summary: ErrorSummary, updated: datetime, schema: Schema) -> bytes:
    """Returns the PNG of a summary; its text shows the time `updated`, in that time's zone."""
    figure = Figure(SIZE_INCHES, DPI)
    axes = figure.add_axes((LEFT, 0.13, RIGHT - LEFT, 0.7))
    scale = fit(summary)
    _prepare(axes, scale.limit, schema)
    _draw_bars(axes, summary, scale)
    if summary.rows:
        _draw_marks(axes, summary, scale)
    title = f"{'Error' if schema.target.classes else 'Absolute error'} of {_rows(summary.rows)}"
    figure.text(LEFT, 0.925, title, fontsize=15, weight="bold", color=INK)
    stamp = f"updated {updated:%Y-%m-%d %H:%M:%S %Z}"
    figure.text(RIGHT, 0.925, stamp, fontsize=10.5, color=GREY, ha="right")
    note = _note(summary, scale, schema)
    figure.text(LEFT, 0.87, note, fontsize=10.5, color=GREY, parse_math=False)
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None}, pil_kwargs=FAST)
    return png.getvalue()


def not_shown(summary: ErrorSummary, scale: Scale) -> str:
    """Returns the text in the picture about the rows beyond the end of its axis."""
    beyond = summary.rows - int(scale.counts(summary.errors).sum())
    if not beyond:
        return ""
    end, largest = _round(scale.limit), readable(summary.largest)
    return f"{_rows(beyond)} beyond {end}, up to {largest}: not drawn, but in MAE and median"


def _note(summary: ErrorSummary, scale: Scale, schema: Schema) -> str:
    """Returns the line below the title: the data set, and what the bars do not show."""
    note = not_shown(summary, scale)
    if isinstance(summary, ClassSummary) and summary.rows:
        most, share = summary.baseline
        always = _cut(schema.target.classes[most], MAX_TITLE)
        note = f"accuracy {percent(summary.accuracy)}; always {always}: {percent(share)}"
    if schema.name == DIABETES:
        return note
    title = _cut(schema.title or schema.name, MAX_TITLE)
    return f"{title}: {note}" if note else title


def _cut(text: str, length: int) -> str:
    """Returns a text that is no longer, and ends with an ellipsis if it was."""
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"


def _round(number: float) -> str:
    """Returns the end of an axis, a round number, without superfluous decimals."""
    is_plain = number == 0 or MIN_PLAIN <= number < MAX_PLAIN_AXIS
    return f"{number:,.10g}" if is_plain else readable(number)


def _prepare(axes: Axes, limit: float, schema: Schema) -> None:
    is_plain = 10 * MIN_PLAIN <= limit <= MAX_PLAIN_AXIS
    power = 0 if is_plain else 3 * math.floor(math.log10(limit) / 3)
    axes.set_xlabel(_axis_label(schema, power), fontsize=12, color=INK)
    axes.set_ylabel("rows", fontsize=12, color=INK)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 10.0**power:,.10g}"))
    axes.tick_params(labelsize=11.5, length=0, colors=INK)
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _axis_label(schema: Schema, power: int) -> str:
    """Returns the label of an axis in units of ten to the `power`; a $ begins no formula in it."""
    ten = f"$10^{{{power}}}$ " if power else ""
    if schema.name == DIABETES:
        return f"absolute error |y_true − y_pred|, in {ten}units of y_true"
    title = _cut(target_title(schema), MAX_TITLE).replace("$", r"\$")
    if schema.target.classes:
        return f"error: 1 − probability given to the true {title}"
    unit = ten + _cut(schema.target.unit, MAX_UNIT).replace("$", r"\$")
    return f"absolute error of {title}" + (f", in {unit.rstrip()}" if unit else "")


def _draw_bars(axes: Axes, summary: ErrorSummary, scale: Scale) -> None:
    edges = scale.edges
    counts = scale.counts(summary.errors)
    # Two artists, as drawing one for each bar takes longer.
    axes.stairs(counts, edges, fill=True, color=BAR_COLOR)
    axes.vlines(edges[1:-1], 0, np.maximum(counts[1:], counts[:-1]), colors="white", linewidths=1)
    axes.set_xlim(0, scale.limit)
    highest = max(counts.max(), 1)
    axes.set_ylim(0, highest * HEADROOM)
    ticks = MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]).tick_values(0, highest)
    axes.set_yticks(ticks[ticks <= highest])
    is_long = highest >= 100_000
    axes.yaxis.set_major_formatter(EngFormatter() if is_long else StrMethodFormatter("{x:,.0f}"))


def _draw_marks(axes: Axes, summary: ErrorSummary, scale: Scale) -> None:
    """Marks MAE and median by lines, with labels that touch neither each other nor a line."""
    marks = [
        _Mark("mean" if isinstance(summary, ClassSummary) else "MAE", summary.mae, MAE_COLOR, "-"),
        _Mark("median", summary.median, MEDIAN_COLOR, "--"),
    ]
    far = [mark for mark in marks if mark.value > scale.limit]
    near = sorted((mark for mark in marks if mark not in far), key=lambda mark: mark.value)
    for mark, top in zip(far, (LOWER, UPPER), strict=False):
        _label(axes, mark, f"{mark.name} {readable(mark.value)} →", (scale.limit, top), "right")
    # Both labels stand on the same side of their lines; the line that lies on that side of the
    # other ends below the other's label.
    has_room = bool(near) and near[-1].value <= MAE_SHARE * scale.limit
    tops = (UPPER, LOWER) if has_room or len(near) == 1 else (LOWER, UPPER)
    for mark, top in zip(near, tops, strict=False):
        _draw_mark(axes, mark, top, "left" if has_room else "right")


def _draw_mark(axes: Axes, mark: _Mark, top: float, align: Literal["left", "right"]) -> None:
    axes.axvline(
        mark.value, ymax=top, color=mark.color, linestyle=mark.dashes, linewidth=2, clip_on=False
    )
    _label(axes, mark, f"{mark.name} {readable(mark.value)}", (mark.value, top), align)


def _label(
    axes: Axes, mark: _Mark, text: str, at: tuple[float, float], align: Literal["left", "right"]
) -> None:
    axes.annotate(
        text,
        xy=at,
        xycoords=axes.get_xaxis_transform(),
        xytext=(6 if align == "left" else -6, 0),
        textcoords="offset points",
        ha=align,
        va="top",
        color=mark.color,
        fontsize=13,
        weight="bold",
    )
