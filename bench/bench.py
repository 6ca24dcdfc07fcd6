"""Measures the pipeline: `make bench`, or one part of it: `make bench PART=throughput`.

`make bench BRIEF=1` shows in four minutes that all of it still runs; its figures say nothing.
The whole writes `bench/results/bench.json` and `bench.png`; a part only shows its table.

Exit status: 0 measured, whether targets were met or not; 1 something is wrong, as a lost
row; 130 after Ctrl-C.
"""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Sequence

import msgspec
from rich.console import Console

import gateway_load
import idle
import latency
import metric_growth
import model_cost
import page_cost
import plot_growth
import throughput
from chart import draw
from lab import BENCH, BenchError, Lab, open_lab
from rabbitmq import RABBITMQ
from results import Results, begun
from tables import show
from targets import median_rate

PARTS = ("throughput", "latency", "plot", "metric", "model", "idle", "page", "gateway")
SLOW_RATE = 100.0  # rows per second, of the latency
RESULTS = BENCH / "results"
FILE_WIDTH = 120  # characters of a line, where no terminal tells


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures the pipeline.")
    parser.add_argument("--only", choices=PARTS, help="show this part, and write nothing")
    parser.add_argument("--brief", action="store_true", help="only show that all of it runs")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    console = Console(width=None if sys.stdout.isatty() else FILE_WIDTH)
    begin = time.monotonic()
    console.print("   0 s  starting RabbitMQ, training a model", highlight=False)
    try:
        with open_lab(brief=options.brief) as lab:
            results = _measure(lab, [options.only] if options.only else PARTS, begin, console)
    except BenchError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    results.seconds = round(time.monotonic() - begin, 1)
    show(results, console)
    if results.brief:
        console.print("A brief run: all of it runs. Its figures are of too few repeats to be used.")
    if not options.only:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(results)))
        draw(results, RESULTS / "bench.png")
        console.print(f"{results.seconds:.0f} s; bench/results/bench.json, bench/results/bench.png")
    return 0


def _interrupt(*_: object) -> None:
    """Once: a second Ctrl-C would leave behind what the first has begun to end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _measure(lab: Lab, parts: Sequence[str], begin: float, console: Console) -> Results:
    results = begun(lab)
    for part in parts:

        def say(text: str, part: str = part) -> None:
            console.print(f"{time.monotonic() - begin:4.0f} s  {part}: {text}", highlight=False)

        say("…")
        _RUN[part](lab, results, say)
    return results


Say = Callable[[str], None]


def _throughput(lab: Lab, results: Results, say: Say) -> None:
    results.throughput = throughput.measure(lab, say)


def _latency(lab: Lab, results: Results, say: Say) -> None:
    """At the slow rate, and at half of the most that was measured for single rows."""
    if results.throughput:
        most = median_rate(results, throughput.SINGLE)
    else:
        most = throughput.measure_one(lab, throughput.SINGLE).rows_per_second
    results.latency = latency.measure(lab, [SLOW_RATE, float(round(most / 2))], say)


def _plot(lab: Lab, results: Results, say: Say) -> None:
    results.plot = plot_growth.measure(lab, say)


def _metric(lab: Lab, results: Results, say: Say) -> None:
    results.metric = metric_growth.measure(lab, say)


def _model(lab: Lab, results: Results, say: Say) -> None:
    results.model = model_cost.measure(lab, say)


def _idle(lab: Lab, results: Results, say: Say) -> None:
    results.idle = idle.measure(lab, say)


def _page(lab: Lab, results: Results, say: Say) -> None:
    results.page = page_cost.measure(lab, say)


def _gateway(lab: Lab, results: Results, say: Say) -> None:
    results.gateway = gateway_load.measure(lab, say)


_RUN: dict[str, Callable[[Lab, Results, Say], None]] = {
    "throughput": _throughput,
    "latency": _latency,
    "plot": _plot,
    "metric": _metric,
    "model": _model,
    "idle": _idle,
    "page": _page,
    "gateway": _gateway,
}

if __name__ == "__main__":
    RABBITMQ.install_if_missing()
    sys.exit(main())
