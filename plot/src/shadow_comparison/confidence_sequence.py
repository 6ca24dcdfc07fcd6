"""A confidence sequence for the mean of bounded values, by bets against each mean it could be.

Bets on values whose mean is m, at odds that are fair for m, do not make rich: by Ville's inequality
the chance of ever holding 1/a times the stake is at most a. So a mean against which the bets have
won that much is ruled out, at whatever moment one looks, and however skewed the values are
(Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024).
"""

import math

import numpy as np
import numpy.typing as npt

from logs.rows import Column
from shadow_comparison.rows import Scores

MIN_ROWS = 100  # rows that set the bound, before the first bet
MIN_SPAN = 1e-300  # a smaller span counts as none: a stake, which is 1 / span, stays finite
MAX_ERROR = 1e300  # larger errors count as this one, so that their sum stays finite
ALPHA = 0.05  # the chance that the sequence ever excludes the true mean
STAKES = 16  # each half of the one before, from 1 / bound on: smaller ones suit rarer differences
SIDES = (0, 1), (1, -1)  # upwards and downwards: index of the winnings, and sign of the mean
PLACES, ZOOMS = 64, 7  # places where an end is searched for, closer each time

_WIN = math.log(2 / ALPHA)  # on each side
_SHARES = 1 / (np.arange(1, STAKES + 1) * np.arange(2, STAKES + 2))
_LOG_SHARES = np.log(_SHARES / _SHARES.sum())


class Span:
    """The widest span of the first rows: the span of their labels, or an error.

    It takes MIN_ROWS rows, or more if all of those have the same label and no error.
    """

    def __init__(self) -> None:
        self.size = 0.0
        self._rows = 0
        self._labels: Column = np.empty(0)  # the smallest and the largest

    @property
    def is_known(self) -> bool:
        """True once there were enough rows."""
        return self._rows >= MIN_ROWS and self.size > MIN_SPAN

    def add(self, labels: Column, errors: Scores) -> int:
        """Takes further rows until there are enough; returns how many it took."""
        rows = len(labels)
        seen = np.concatenate([self._labels, labels])
        with np.errstate(over="ignore"):
            ranges = np.maximum.accumulate(seen) - np.minimum.accumulate(seen)
        widest = np.maximum(ranges[len(seen) - rows :], errors.max(axis=0, initial=self.size))
        sizes = np.minimum(np.maximum.accumulate(widest), MAX_ERROR)
        enough = (np.arange(1, rows + 1) + self._rows >= MIN_ROWS) & (sizes > MIN_SPAN)
        taken = int(enough.argmax()) + 1 if enough.any() else rows
        if taken:
            self.size = float(sizes[taken - 1])
            self._labels = np.array([seen.min(), seen.max()])
            self._rows += taken
        return taken


class ConfidenceSequence:
    """A confidence sequence for values that are never further from zero than a known `bound`."""

    def __init__(self, bound: float) -> None:
        self.bound = bound
        self._stakes = 2.0 ** -np.arange(STAKES) / bound
        self._won = np.zeros((2, STAKES))  # sums of log(1 + s x), and of log(1 - s x)
        self._rows = 0
        self._sum = 0.0
        self._furthest = np.array([bound, bound])  # below zero, and above

    def add(self, values: Column) -> None:
        """Adds values: an array of shape (n,)."""
        if not len(values):
            return
        self._rows += len(values)
        self._sum += float(values.sum())
        self._furthest = np.maximum(self._furthest, [-values.min(), values.max()])
        for side, signed in enumerate((values, -values)):
            with np.errstate(
                divide="ignore", over="ignore"
            ):  # a stake that is lost whole stays at -inf
                grown = np.log1p(np.maximum(np.outer(signed, self._stakes), -1))
            self._won[side] += grown.sum(axis=0)

    def ends(self) -> tuple[float, float]:
        """Returns the lowest and the highest mean not refuted; at first the widest interval."""
        mean = self._sum / self._rows if self._rows else 0.0
        below, above = self._furthest.tolist()
        return self._end(0, mean, below), -self._end(1, -mean, above)

    def refutes(self, mean: float) -> bool:
        """Returns True if this mean is below the lowest or above the highest."""
        refuted = [self._refuted(side, np.array([sign * mean])) for side, sign in SIDES]
        return bool(np.any(refuted))

    def _end(self, side: int, mean: float, furthest: float) -> float:
        """Returns the last refuted mean between -furthest and the mean of the values.

        The mean of the values itself is never refuted.
        """
        last, kept = -furthest, mean
        for _ in range(ZOOMS):
            places = np.linspace(last, kept, PLACES)
            refuted = int(np.argmin(self._refuted(side, places)))  # refuted from the first on
            if not refuted:
                return last
            last, kept = places[refuted - 1 : refuted + 1].tolist()
        return last

    def _refuted(self, side: int, means: Column) -> npt.NDArray[np.bool_]:
        alive = np.isfinite(self._won[side])
        if not self._rows or not alive.any():
            return np.zeros(len(means), np.bool_)
        with np.errstate(divide="ignore", over="ignore"):
            odds = np.log1p(np.maximum(np.outer(means, self._stakes[alive]), -1))
        held = _LOG_SHARES[alive] + self._won[side][alive] - self._rows * odds
        refuted: npt.NDArray[np.bool_] = np.logaddexp.reduce(held, axis=1) >= _WIN
        return refuted
