"""The verdicts of `make bench`, and that its tables and its picture can be made of any results."""

import io
from pathlib import Path

from rich.console import Console

from chart import draw
from clients import Found
from figures import Spread
from gateway_load import ACCEPTED, HANDLER, Case, GatewayLoad, Load, Overload
from idle import Idle
from latency import Latency
from metric_growth import MetricGrowth
from model_cost import ModelCost
from page_cost import Opening, PageCost, Reading
from plot_growth import PlotGrowth
from rates import Rate
from results import Machine, Results
from tables import show
from targets import targets
from throughput import BARE, BATCHES, COURSE, COURSE_WHOLE, SINGLE

PNG = b"\x89PNG\r\n\x1a\n"
SERVICES = ("features", "model", "metric", "plot", "broker")


def rates(**by_variant: float) -> list[Rate]:
    names = {"course": COURSE, "whole": COURSE_WHOLE, "bare": BARE, "single": SINGLE,
             "batches": BATCHES}  # fmt: skip
    cpu = dict.fromkeys(SERVICES, 20.0)
    return [Rate(names[name], 4000, 4.0, rate, cpu) for name, rate in by_variant.items()]


def good() -> Results:
    """Where every target is just met."""
    return Results(
        "2026-01-31T12:00:00+00:00",
        Machine(2, "Linux x86_64", "3.11.0", "4.0.0", "1.4.0"),
        rates(course=1500, whole=150, bare=4000, single=3750, batches=60_000),
        [Latency(100.0, 1200, 10.0, 20.0, 50.0, 60.0), Latency(1875.0, 22_500, 20, 40, 80, 90)],
        [PlotGrowth(10_000, [1.0], [100.0], [120.0]), PlotGrowth(10**7, [10.0], [120.0], [300.0])],
        [MetricGrowth(10_000, [50e3], [60.0], [1.0]), MetricGrowth(10**7, [45e3], [72.0], [1.0])],
        [ModelCost(1, [200.0, 210.0], [20.0, 21.0]), ModelCost(500, [2.0, 2.2], [1.0, 1.1])],
        Idle({"features": 1.0, "model": 1.0, "metric": 1.0, "plot": 2.0, "broker": 9.0}),
        PageCost(
            [Opening(10_000, [0.2], [1.5]), Opening(10**7, [1.0], [2.0])], readings(980, 1000)
        ),
        serving(9.9),
    )


def serving(ms: float) -> GatewayLoad:
    found = Found({202: 100, 429: 9}, 20.0, ms, ms, ms, 109, 1.5, {429: "later"})
    memory = {"service": 100.0, "redis": 10.0}
    return GatewayLoad(
        [
            Load(Case(HANDLER), found, memory, memory),
            Load(Case(ACCEPTED, 20.0, 1), found, memory, memory),
        ],
        Overload(2000, 2000, found, memory, memory),
    )


def readings(rows_per_second: float, most_ms: float) -> list[Reading]:
    seen = Spread(200.0, 10.0, most_ms)
    return [
        Reading(1000, 0, 1000.0, 3.0, 150.0, None),
        Reading(1000, 1, 1000.0, 8.0, 150.0, seen),
        Reading(1000, 50, rows_per_second, 9.0, 160.0, seen),
    ]


def missed(results: Results) -> list[str]:
    return [target.what for target in targets(results) if not target.met]


def test_a_limit_that_is_reached_is_met() -> None:
    assert not missed(good())
    assert len(targets(good())) == 17


def test_each_target_can_be_missed() -> None:
    results = good()
    results.throughput = rates(course=1500, whole=150, bare=4500, single=3700, batches=59_000)
    results.latency[0].p50, results.latency[0].p99 = 10.1, 50.1
    results.plot[-1] = PlotGrowth(10**7, [10.1], [121.0], [301.0])
    results.metric[-1] = MetricGrowth(10**7, [44e3], [73.0], [1.0])
    results.idle = Idle({"features": 1.0, "model": 1.0, "metric": 1.0, "plot": 2.1, "broker": 0.0})
    results.page = PageCost([Opening(10**7, [1.1], [2.0])], readings(979, 1001))
    results.gateway = serving(10.0)
    assert len(missed(results)) == len(targets(results))


def test_a_part_that_was_not_run_has_no_target() -> None:
    results = good()
    only_idle = Results(results.date, results.machine, idle=results.idle)
    assert [target.wanted for target in targets(only_idle)] == ["≤ 5"]
    show(only_idle, Console(file=io.StringIO()))


def test_the_tables_name_what_was_missed() -> None:
    results, text = good(), io.StringIO()
    results.plot[-1].peak_mb = [400.0]
    show(results, Console(file=text, width=200))
    (line,) = [line for line in text.getvalue().splitlines() if "missed" in line]
    assert "plot at 10 M rows, peak memory in MB" in line


def test_the_table_of_the_model_has_both_runtimes() -> None:
    text = io.StringIO()
    show(good(), Console(file=text, width=200))
    (line,) = [line for line in text.getvalue().splitlines() if "205 (200" in line]
    assert "20.5 (20 – 21)" in line
    assert "10 (10 – 10)" in line


def test_a_picture_of_the_results(tmp_path: Path) -> None:
    draw(good(), tmp_path / "bench.png")
    assert (tmp_path / "bench.png").read_bytes().startswith(PNG)
