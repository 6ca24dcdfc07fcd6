"""Everything that was measured, as it goes into the JSON: raw repeats, and on what machine."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec

from figures import Spread, ratio, spread
from gateway_load import GatewayLoad
from idle import Idle
from lab import Lab
from latency import Latency
from metric_growth import MetricGrowth
from model_cost import ModelCost
from page_cost import PageCost
from plot_growth import PlotGrowth
from rates import Rate


class Machine(msgspec.Struct):
    """Where it was measured. Cores are those of the machine."""

    cores: int
    system: str
    python: str
    rabbitmq: str
    pika: str


class Results(msgspec.Struct):
    """Of one run; a part that was not run is empty. `date` is UTC, in ISO 8601."""

    date: str
    machine: Machine
    throughput: list[Rate] = []
    latency: list[Latency] = []
    plot: list[PlotGrowth] = []
    metric: list[MetricGrowth] = []
    model: list[ModelCost] = []
    idle: Idle | None = None
    page: PageCost | None = None
    gateway: GatewayLoad | None = None
    seconds: float = 0.0  # that the run took in all
    brief: bool = False  # a sign of life: too few repeats for its figures to say anything

    def rates(self, variant: str) -> list[float]:
        """Rows per second, round by round."""
        return [rate.rows_per_second for rate in self.throughput if rate.variant == variant]

    def speedup(self, variant: str, other: str) -> Spread:
        """How many times the rate of the other, round by round."""
        return ratio(self.rates(variant), self.rates(other))

    def cpu_us(self, variant: str) -> dict[str, Spread]:
        """Microseconds of CPU for a row, by process."""
        costs = [rate.cpu_us for rate in self.throughput if rate.variant == variant]
        return {name: spread([cost[name] for cost in costs]) for name in costs[0]}


def begun(lab: Lab) -> Results:
    machine = Machine(
        os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 0,
        f"{platform.system()} {platform.machine()}",
        platform.python_version(),
        lab.broker_version(),
        version("pika"),
    )
    return Results(datetime.now(UTC).isoformat(timespec="seconds"), machine, brief=lab.brief)
