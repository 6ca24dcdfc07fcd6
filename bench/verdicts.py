"""Measures how often the interval of two equal models leaves zero out, if errors are skewed.

Run by hand, some minutes: .venv/bin/python bench/verdicts.py
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "plot" / "src"))

from logs.rows import Column
from shadow_comparison.comparison import BOUND_IN_SPANS
from shadow_comparison.confidence_sequence import MIN_ROWS, ConfidenceSequence, Span

STREAMS, ROWS = 400, 5000
ROWS_A_LOOK = 5
LABELS = 25, 346  # from and to, as those of the data set
SCATTER = 58.0  # of the live model's residuals, as they are there

Draw = Callable[[np.random.Generator], Column]

# How much worse the shadow model is on each row, in points: on average 0.
EQUAL_PAIRS: dict[str, Draw] = {
    "normal": lambda random: random.normal(0, 20, ROWS),
    "lognormal, sigma 1": lambda random: 10 * (random.lognormal(0, 1, ROWS) - np.exp(0.5)),
    "lognormal, sigma 2": lambda random: 5 * (random.lognormal(0, 2, ROWS) - np.exp(2)),
    "19 times as far on 5 % of rows": lambda random: _mixture(random, 0.05, 190),
    "99 times as far on 1 % of rows": lambda random: _mixture(random, 0.01, 297),
    "one patient of 89 worse": lambda random: _mixture(random, 1 / 89, 264),
    "far beyond the bound on 1 % of rows": lambda random: _mixture(random, 0.01, 1980),
}


def _mixture(random: np.random.Generator, share: float, far: float) -> Column:
    return np.where(random.random(ROWS) < share, far, -far * share / (1 - share))


def is_ever_left_out(differences: Column, random: np.random.Generator) -> bool:
    """Tells whether zero was outside the interval at some sample at one stream."""
    live = np.abs(random.normal(0, SCATTER, ROWS))
    errors = np.stack([np.maximum(live + differences, 0), live])
    span = Span()
    taken = span.add(random.uniform(*LABELS, ROWS), errors)
    assert taken == MIN_ROWS
    sequence = ConfidenceSequence(BOUND_IN_SPANS * span.size)
    for start in range(taken, ROWS, ROWS_A_LOOK):
        sequence.add(differences[start : start + ROWS_A_LOOK])
        if sequence.refutes(0):
            return True
    return False


def main() -> None:
    for name, draw in EQUAL_PAIRS.items():
        for way, sign in ("worse", 1), ("better", -1):
            random = np.random.default_rng(20)
            left_out = [is_ever_left_out(sign * draw(random), random) for _ in range(STREAMS)]
            print(f"{name}, {way}: {np.mean(left_out):.1%} of {STREAMS} streams", flush=True)


if __name__ == "__main__":
    main()
