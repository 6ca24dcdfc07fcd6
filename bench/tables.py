"""The results as a person reads them in a terminal."""

from rich.console import Console
from rich.table import Table

from figures import ratio, rounded, shown, spread
from results import Results
from targets import targets
from throughput import COURSE, VARIANTS


def show(results: Results, console: Console) -> None:
    """A table for each part that was run, and the targets at the end."""
    tables = [
        _rates(results),
        _cpu(results),
        _latency(results),
        _growth(results),
        _model(results),
        _idle(results),
        _openings(results),
        _readings(results),
        _gateway(results),
        _overload(results),
        _targets(results),
    ]
    for table in tables:
        if table.row_count:
            console.print(table)


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _rates(results: Results) -> Table:
    table = _table("Throughput: median (least – most)", "variant", "rows/s", "times course")
    for variant in VARIANTS if results.throughput else ():
        rate = shown(spread(results.rates(variant)))
        table.add_row(variant, rate, shown(results.speedup(variant, COURSE)))
    return table


def _cpu(results: Results) -> Table:
    table = _table("CPU for a row, µs: median", "variant", "all", "broker", "the others")
    for variant in VARIANTS if results.throughput else ():
        medians = {name: cost.median for name, cost in results.cpu_us(variant).items()}
        others = [f"{name} {rounded(us)}" for name, us in medians.items() if name != "broker"]
        total, broker = rounded(sum(medians.values())), rounded(medians["broker"])
        table.add_row(variant, total, broker, ", ".join(others))
    return table


def _latency(results: Results) -> Table:
    title = "Latency from the later half's publish to the disk, ms (0.5 too long on average)"
    table = _table(title, "rows/s", "rows", "p50", "p90", "p99", "most")
    for one in results.latency:
        times = [f"{value:.1f}" for value in (one.p50, one.p90, one.p99, one.most)]
        table.add_row(f"{one.rate:,.0f}", f"{one.rows:,}", *times)
    return table


def _growth(results: Results) -> Table:
    table = _table("Growth: median (least – most)", "on top of", "what", "found")
    for plot in results.plot:
        _add_repeats(table, plot.rows, {
            "plot: redraw, ms": plot.redraw_ms,
            "plot: start, s": plot.start_seconds,
            "plot: peak memory, MB": plot.peak_mb,
        })  # fmt: skip
    for metric in results.metric:
        _add_repeats(table, metric.rows, {
            "metric: rows/s": metric.rows_per_second,
            "metric: start, s": metric.start_seconds,
            "metric: peak memory, MB": metric.peak_mb,
        })  # fmt: skip
    return table


def _add_repeats(table: Table, rows: int, figures: dict[str, list[float]]) -> None:
    for what, values in figures.items():
        table.add_row(f"{rows:,} rows", what, shown(spread(values)))


def _model(results: Results) -> Table:
    title = "model: decode, predict, encode, µs for a row: median (least – most)"
    columns = ("rows in a message", "scikit-learn", "ONNX Runtime", "times as fast")
    table = _table(title, *columns)
    for cost in results.model:
        both = cost.us_per_row, cost.onnx_us_per_row
        faster = shown(ratio(*both))
        table.add_row(f"{cost.batch:,}", *(shown(spread(found)) for found in both), faster)
    return table


def _idle(results: Results) -> Table:
    table = _table("At 5 rows/s, % of one core", "process", "%")
    for name, percent in results.idle.percent.items() if results.idle else ():
        table.add_row(name, f"{percent:.2f}")
    return table


def _openings(results: Results) -> Table:
    title = "The live page opens, s: median (least – most)"
    table = _table(title, "rows in the log", "numbers", "charts")
    for opening in results.page.openings if results.page else ():
        times = [shown(spread(values)) for values in (opening.numbers, opening.charts)]
        table.add_row(f"{opening.rows:,}", *times)
    return table


def _readings(results: Results) -> Table:
    title = "Readers of the live page: what plot takes, and how soon they see a row that is joined"
    columns = ("readers", "rows/s offered", "joined", "% of a core", "MB", "ms until seen")
    table = _table(title, *columns)
    for one in results.page.readings if results.page else ():
        seen = shown(one.seen_ms) if one.seen_ms else "–"
        figures = [rounded(value) for value in (one.rows_per_second, one.percent, one.memory_mb)]
        table.add_row(str(one.readers), str(one.rate), *figures, seen)
    return table


def _gateway(results: Results) -> Table:
    title = "Clients of a web service, in a process that takes part of the cores; times in ms"
    columns = (
        "asked",
        "clients",
        "rows",
        "offered/s",
        "good/s",
        "p50",
        "p99",
        "others",
        "CPU, ms",
        "MB",
    )
    table = _table(title, *columns)
    for load in results.gateway.loads if results.gateway else ():
        case, found = load.case, load.found
        offered = f"{case.rate:,.0f}" if case.rate else "all they can"
        numbers = [rounded(value) for value in (found.per_second, found.p50, found.p99)]
        table.add_row(
            case.name, f"{case.clients:,}", f"{case.rows:,}", offered, *numbers,
            _others(case.wanted, found.statuses), _each(load.cpu_ms), _each(load.memory_mb),
        )  # fmt: skip
    return table


def _overload(results: Results) -> Table:
    title = "The model is stopped, and 1,000 clients ask the gateway for as much as they can"
    table = _table(title, "queue", "at most", "202", "others", "MB with a full queue", "MB later")
    if results.gateway:
        found = results.gateway.overload
        table.add_row(
            f"{found.queue:,}", f"{found.most_queue:,}", f"{found.found.statuses.get(202, 0):,}",
            _others(202, found.found.statuses), _each(found.full_mb), _each(found.later_mb),
        )  # fmt: skip
    return table


def _others(wanted: int, statuses: dict[int, int]) -> str:
    """
    >>> _others(202, {202: 100, 429: 2000, 0: 1})
    '429: 2,000, broken: 1'
    """
    others = {status: number for status, number in statuses.items() if status != wanted}
    return (
        ", ".join(f"{status or 'broken'}: {number:,}" for status, number in others.items()) or "–"
    )


def _each(numbers: dict[str, float]) -> str:
    return "\n".join(f"{name} {rounded(value)}" for name, value in numbers.items())


def _targets(results: Results) -> Table:
    table = _table("Targets", "what", "target", "found", "")
    for target in targets(results):
        verdict = "[green]met[/]" if target.met else "[red]missed[/]"
        table.add_row(target.what, target.wanted, target.found, verdict)
    return table
