"""The picture of a run: six panels, each with the spread of its repeats."""

from pathlib import Path

from matplotlib.figure import Figure

import panels
from panels import GREY, INK
from results import Results

SIZE_INCHES, DPI = (16, 9.6), 100


def draw(results: Results, path: Path) -> None:
    """Writes the PNG of a whole run."""
    figure = Figure(SIZE_INCHES, DPI)
    axes = figure.subplots(2, 3)
    figure.subplots_adjust(
        left=0.115, right=0.975, top=0.82, bottom=0.085, wspace=0.42, hspace=0.52
    )
    for place, panel in zip(axes.flat, panels.ALL, strict=True):
        panel(place, results)
    machine = results.machine
    figure.text(0.015, 0.95, "What the pipeline does, and what it costs", fontsize=19,
                weight="bold", color=INK)  # fmt: skip
    where = (
        f"{machine.cores} cores ({machine.system}), Python {machine.python}, RabbitMQ"
        f" {machine.rabbitmq}, pika {machine.pika}, {results.date[:10]}; all processes and the"
        " broker share the cores. Lines go from the least to the most of the repeats."
    )
    figure.text(0.015, 0.915, where, fontsize=11.5, color=GREY)
    figure.savefig(path, metadata={"Software": None})
