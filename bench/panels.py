"""The panels of the picture. Colours are those of Okabe and Ito, which the colour-blind tell apart.

A logarithmic axis has dots, not bars: a bar has to begin at zero.
"""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from figures import Spread, ratio, rounded, spread
from results import Results
from throughput import BARE, BATCHES, COURSE, COURSE_WHOLE, SINGLE

INK, GREY, GRID = "#222222", "#5f6368", "#e3e5e8"
BLACK, ORANGE, SKY, GREEN = "#000000", "#e69f00", "#56b4e9", "#009e73"
BLUE, VERMILION, PURPLE = "#0072b2", "#d55e00", "#cc79a7"
PROCESSES = {
    "features": ORANGE, "publisher": ORANGE, "model": BLUE, "worker": BLUE,
    "metric": GREEN, "sink": GREEN, "plot": PURPLE, "broker": "#999999",
}  # fmt: skip
SERVICES = ("features", "model", "metric", "plot", "broker")  # or what stands for one of them
NAMES = {
    COURSE: "as in a course,\nqueues filled before",
    COURSE_WHOLE: "as in a course,\nwith features",
    BARE: "client library\nalone",
    SINGLE: "this pipeline,\nsingle rows",
    BATCHES: "this pipeline,\nbatches of 500",
}
OURS = (SINGLE, BATCHES)


def throughput(axes: Axes, results: Results) -> None:
    _prepare(axes, "Rows per second", "rows per second, logarithmic")
    for place, variant in enumerate(reversed(NAMES)):
        values = results.rates(variant)
        color = BLUE if variant in OURS else GREY
        _dot(axes, spread(values), place, color)
        middle = spread(values).median
        _label(axes, rounded(middle), (middle, place), color)
    axes.set_xscale("log")
    _whole_numbers(axes, "x", (10, 100, 1000, 10_000, 100_000, 1_000_000))
    axes.margins(x=0.12, y=0.15)
    axes.set_yticks(range(len(NAMES)), list(reversed(NAMES.values())))


def cpu(axes: Axes, results: Results) -> None:
    shown = [name for name in reversed(NAMES) if name != COURSE_WHOLE]
    whole = sum(cost.median for cost in results.cpu_us(COURSE_WHOLE).values())
    _prepare(axes, "CPU for a row", "microseconds of a core for a row, medians",
             f"Not shown: course with features, {whole / 1000:.1f} ms.")  # fmt: skip
    for place, variant in enumerate(shown):
        costs = {name: cost.median for name, cost in results.cpu_us(variant).items()}
        left = 0.0
        for process, color in PROCESSES.items():
            if process in costs:
                axes.barh(place, costs[process], 0.6, left, color=color, edgecolor="white")
                left += costs[process]
        axes.text(left, place, f" {rounded(left)}", va="center", color=INK)
    axes.set_yticks(range(len(shown)), [NAMES[name] for name in shown])
    axes.margins(x=0.14)
    keys = [Patch(color=PROCESSES[name], label=name) for name in SERVICES]
    axes.legend(handles=keys, ncols=2, loc="lower right", frameon=False, labelcolor=INK)


def latency(axes: Axes, results: Results) -> None:
    note = "From a row's later half to the row on the disk."
    _prepare(axes, "Latency", "milliseconds, logarithmic", note)
    above, below = (0, 10), (0, -32)  # in turns: neighbours can be close
    looks = (
        ("p50", "o", BLUE, above),
        ("p90", "s", GREEN, below),
        ("p99", "D", VERMILION, above),
        ("most", "X", GREY, below),
    )
    for place, one in enumerate(results.latency):
        axes.plot([one.p50, one.most], [place, place], color=GRID, linewidth=4, zorder=1)
        for name, marker, color, where in looks:
            value = getattr(one, name)
            axes.plot(value, place, marker, color=color, markersize=8)
            _label(axes, f"{name}\n{rounded(value)}", (value, place), color, where)
    axes.set_xscale("log")
    _whole_numbers(axes, "x", (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000))
    axes.set_ylim(-0.6, len(results.latency) - 0.4)
    axes.margins(x=0.12)
    labels = [f"{one.rate:,.0f}\nrows/s" for one in results.latency]
    axes.set_yticks(range(len(labels)), labels)


def growth(axes: Axes, results: Results) -> None:
    _prepare(axes, "Growth", "rows before, logarithmic", "Times what it is at the fewest rows.")
    axes.axhline(1, color=GREY, linewidth=1, linestyle=":")
    plots, metrics = results.plot, results.metric
    for name, unit, look, aside, values in (
        ("plot: redraw", " ms", ("o", BLUE), 0.84, [one.redraw_ms for one in plots]),
        ("plot: memory", " MB", ("s", PURPLE), 0.94, [one.peak_mb for one in plots]),
        ("metric: rows/s", "", ("D", VERMILION), 1.06, [one.rows_per_second for one in metrics]),
        ("metric: memory", " MB", ("^", GREEN), 1.19, [one.peak_mb for one in metrics]),
    ):
        ends = [rounded(spread(values[place]).median) for place in (0, -1)]
        label = f"{name}, {ends[0]} → {ends[1]}{unit}"
        rows = [one.rows * aside for one in (metrics if "metric" in name else plots)]
        _line(axes, rows, [ratio(each, values[0]) for each in values], look, label)
    axes.set_xscale("log")
    axes.set_xticks([10_000, 1_000_000, 10_000_000], ["10 thousand", "1 million", "10 million"])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_ylim(0, max(1.3, axes.get_ylim()[1]) * 1.7)  # with room for the legend
    axes.margins(x=0.1)
    axes.legend(frameon=False, fontsize=10, loc="upper left", labelcolor=INK)


def model(axes: Axes, results: Results) -> None:
    note = "Microseconds for a row, logarithmic."
    _prepare(axes, "Decode, predict, encode", "rows in a message, logarithmic", note)
    sizes = [cost.batch for cost in results.model]
    sklearn = [spread(cost.us_per_row) for cost in results.model]
    onnx = [spread(cost.onnx_us_per_row) for cost in results.model]
    _line(axes, sizes, sklearn, ("o", BLUE), "scikit-learn")
    _line(axes, sizes, onnx, ("s", VERMILION), "ONNX Runtime")
    for size, above, below in zip(sizes, sklearn, onnx, strict=True):
        _label(axes, rounded(above.median), (size, above.most), BLUE)
        _label(axes, rounded(below.median), (size, below.least), VERMILION, (0, -16))
    axes.legend(frameon=False, fontsize=10, loc="upper right", labelcolor=INK)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _whole_numbers(axes, "x", (1, 10, 100, 1000))
    _whole_numbers(axes, "y", (1, 3, 10, 30, 100, 300, 1000))
    axes.margins(x=0.08, y=0.18)


def idle(axes: Axes, results: Results) -> None:
    assert results.idle is not None
    percent = dict(reversed(results.idle.percent.items()))
    total = sum(value for name, value in percent.items() if name != "broker")
    _prepare(axes, "Next to idle: 5 rows per second", "percent of one core",
             f"The four services together: {total:.1f} %.")  # fmt: skip
    axes.barh(list(percent), list(percent.values()), 0.6, color=[PROCESSES[n] for n in percent])
    for place, value in enumerate(percent.values()):
        axes.text(value, place, f" {value:.1f}", va="center", color=INK)
    axes.margins(x=0.14)


ALL = (throughput, cpu, latency, growth, model, idle)


def _prepare(axes: Axes, title: str, x_label: str, note: str = "") -> None:
    axes.set_title(title, loc="left", fontsize=14, weight="bold", color=INK, pad=26)
    axes.text(0, 1.04, note, fontsize=10.5, color=GREY, transform=axes.transAxes)
    axes.set_xlabel(x_label, color=INK, fontsize=11)
    axes.tick_params(length=0, colors=INK, labelsize=11, pad=6)
    axes.grid(axis="both" if "thousand" in x_label else "x", color=GRID)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _label(
    axes: Axes, text: str, at: tuple[float, float], color: str, where: tuple[int, int] = (0, 8)
) -> None:
    """Text beside a place of the data, `where` points away."""
    axes.annotate(text, at, where, textcoords="offset points", ha="center", color=color)


def _dot(axes: Axes, found: Spread, place: float, color: str) -> None:
    axes.plot([found.least, found.most], [place, place], color=color, linewidth=2.5)
    axes.plot(found.median, place, "o", color=color, markersize=8)


def _line(
    axes: Axes, at: Sequence[float], found: Sequence[Spread], look: tuple[str, str], label: str = ""
) -> None:
    """Dots and bars from the least to the most; `look` is marker and colour."""
    medians = [one.median for one in found]
    below = [one.median - one.least for one in found]
    above = [one.most - one.median for one in found]
    axes.errorbar(at, medians, (below, above), marker=look[0], color=look[1], label=label,
                  capsize=4, linewidth=1.6, markersize=7)  # fmt: skip


def _whole_numbers(axes: Axes, which: str, ticks: Sequence[float]) -> None:
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
