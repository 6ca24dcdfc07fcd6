"""What the pipeline is to reach, and whether it did."""

from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

from figures import ratio, rounded, shown, spread
from gateway_load import ACCEPTED
from results import Results
from throughput import BARE, BATCHES, COURSE, SINGLE


class Target(NamedTuple):
    """One line of the table; `found` is what was measured, the spread of its repeats with it."""

    what: str
    wanted: str
    found: str
    met: bool


def targets(results: Results) -> list[Target]:
    """Those of the parts that were run."""
    found: list[Target] = []
    for has_run, part in (
        (results.throughput, _throughput),
        (results.latency, _latency),
        (results.plot, _plot),
        (results.metric, _metric),
        (results.idle, _idle),
        (results.page, _page),
        (results.gateway, _gateway),
    ):
        if has_run:
            found += part(results)
    return found


def _throughput(results: Results) -> Iterator[Target]:
    for what, variant, other, least in (
        ("single rows, times course", SINGLE, COURSE, 2.5),
        ("single rows, times bare client", SINGLE, BARE, 0.85),
        ("batches of 500, times course", BATCHES, COURSE, 40),
    ):
        speedup = results.speedup(variant, other)
        yield Target(what, f"≥ {least:g}", shown(speedup), speedup.median >= least)
    rate = spread(results.rates(BATCHES))
    yield Target("batches of 500, rows/s", "≥ 60,000", shown(rate), rate.median >= 60_000)


def _latency(results: Results) -> Iterator[Target]:
    slow = results.latency[0]
    for name, value, most in (("p50", slow.p50, 10), ("p99", slow.p99, 50)):
        what = f"latency at {slow.rate:,.0f} rows/s, {name} in ms"
        yield Target(what, f"≤ {most}", rounded(value), value <= most)


def _plot(results: Results) -> Iterator[Target]:
    least, most = results.plot[0], results.plot[-1]
    slower = ratio(most.redraw_ms, least.redraw_ms)
    what = f"plot's redraw, {_rows(most.rows)} rows times {_rows(least.rows)}"
    yield Target(what, "≤ 1.2", shown(slower), slower.median <= 1.2)
    for what, values, limit in (
        ("start in s", most.start_seconds, 10),
        ("peak memory in MB", most.peak_mb, 300),
    ):
        found = spread(values)
        name = f"plot at {_rows(most.rows)} rows, {what}"
        yield Target(name, f"≤ {limit}", shown(found), found.median <= limit)


def _metric(results: Results) -> Iterator[Target]:
    least, most = results.metric[0], results.metric[-1]
    between = f"{_rows(most.rows)} rows times {_rows(least.rows)}"
    rate = ratio(most.rows_per_second, least.rows_per_second)
    yield Target(f"metric's rows/s, {between}", "≥ 0.9", shown(rate), rate.median >= 0.9)
    memory = ratio(most.peak_mb, least.peak_mb)
    yield Target(f"metric's memory, {between}", "≤ 1.2", shown(memory), memory.median <= 1.2)


def _idle(results: Results) -> Iterator[Target]:
    assert results.idle is not None
    total = sum(value for name, value in results.idle.percent.items() if name != "broker")
    yield Target("four services at 5 rows/s, % of a core", "≤ 5", rounded(total), total <= 5)


def _page(results: Results) -> Iterator[Target]:
    assert results.page is not None
    opening, (*_, alone, _, crowd) = results.page.openings[-1], results.page.readings
    numbers = spread(opening.numbers)
    what = f"page at {_rows(opening.rows)} rows: numbers, s"
    yield Target(what, "≤ 1", shown(numbers), numbers.median <= 1)
    if crowd.seen_ms:
        what = f"a row is seen by {crowd.readers} readers at {crowd.rate:,} rows/s, most ms"
        yield Target(what, "≤ 1,000", rounded(crowd.seen_ms.most), crowd.seen_ms.most <= 1000)
    kept = crowd.rows_per_second / alone.rows_per_second
    what = f"rows/s with {crowd.readers} readers, times without"
    yield Target(what, "≥ 0.98", rounded(kept), kept >= 0.98)


def _gateway(results: Results) -> Iterator[Target]:
    assert results.gateway is not None
    for load in results.gateway.loads:
        if (load.case.name, load.case.clients) != (ACCEPTED, 1):
            continue
        how = f"at {load.case.rate:g} requests/s" if load.case.rate else "one after the other"
        for name, value in (("p50", load.found.p50), ("p99", load.found.p99)):
            what = f"gateway's 202, {how}, {name} in ms"
            yield Target(what, "< 10", rounded(value), value < 10)


def _rows(count: int) -> str:
    """
    >>> _rows(10_000), _rows(10_000_000)
    ('10 k', '10 M')
    """
    return f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1000} k"


def median_rate(results: Results, variant: str) -> float:
    """Rows per second."""
    return median(results.rates(variant))
