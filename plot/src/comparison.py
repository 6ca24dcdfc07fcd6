"""Two models on the same rows: how wrong each is, and how sure it is which one is less so."""

import math
from typing import Literal, NamedTuple

import numpy as np

from log_rows import Column, ShadowRows

RANGE = 1000.0
FEWEST_ROWS = 30  # before which the interval would be a guess: it leans on a normal limit
ALPHA = 0.05  # the chance that the sequence ever leaves the true difference out
TIGHTEST_AT = 500  # rows: where the sequence is to be as narrow as it can
SAME = 0.05  # points: models whose errors differ by less are equally good, whatever is sure

MOST_PAIRS = 8  # of models that are remembered

Verdict = Literal["too few rows", "better", "worse", "equal", "unclear"]


class Interval(NamedTuple):
    """A mean, and the ends of its confidence sequence just now, in points."""

    mean: float
    low: float
    high: float


class Comparison:
    """A candidate and the live model on the rows added so far, in a memory that does not grow.

    Rows with an error above RANGE are counted as `beyond`, and all else is that of the `rows`
    within. A difference is the candidate's absolute error less the live model's: negative where
    the candidate is better.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.beyond = 0
        self._errors = np.zeros(2)  # sums: of the candidate, of the live model
        self._squares = np.zeros(2)
        self._mean = 0.0  # of the differences
        self._scatter = 0.0  # the sum of their squared distances from it

    def add(self, candidate: Column, live: Column) -> None:
        """Takes the absolute errors of both on further rows: two arrays of shape (n,)."""
        within = (candidate <= RANGE) & (live <= RANGE)
        errors = np.stack([candidate[within], live[within]])
        self.beyond += len(within) - errors.shape[1]
        if not errors.size:
            return
        self._errors += errors.sum(axis=1)
        self._squares += (errors**2).sum(axis=1)
        self._add_differences(errors[0] - errors[1])

    def _add_differences(self, differences: Column) -> None:
        """Chan, Golub and LeVeque's way of putting two means and variances together."""
        mean, added = float(differences.mean()), len(differences)
        apart, before = mean - self._mean, self.rows
        self.rows += added
        self._mean += apart * added / self.rows
        self._scatter += float(((differences - mean) ** 2).sum())
        self._scatter += apart**2 * before * added / self.rows

    def mae(self) -> tuple[float, float]:
        """The mean absolute errors of candidate and live model. Not to be asked without rows."""
        candidate, live = (self._errors / self.rows).tolist()
        return candidate, live

    def rmse(self) -> tuple[float, float]:
        """The roots of their mean squared errors. Not to be asked without rows."""
        candidate, live = np.sqrt(self._squares / self.rows).tolist()
        return candidate, live

    def difference(self) -> Interval | None:
        """The mean difference, within its 95 % confidence sequence; None before FEWEST_ROWS.

        Whoever looks at an ordinary 95 % interval again and again, until it leaves zero out, will
        in the end see that of two equal models, too. This one holds at all looks together.
        """
        if self.rows < FEWEST_ROWS:
            return None
        half = math.sqrt(self._scatter / self.rows) * margin(self.rows)
        return Interval(self._mean, self._mean - half, self._mean + half)

    def verdict(self) -> Verdict:
        """What can be said of the candidate."""
        difference = self.difference()
        if difference is None:
            return "too few rows"
        if difference.low > -SAME and difference.high < SAME:
            return "equal"
        if difference.high < 0:
            return "better"
        return "worse" if difference.low > 0 else "unclear"


def margin(rows: int) -> float:
    """Half the width of the confidence sequence after so many rows, in standard deviations.

    The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas,
    "Time-uniform central limit theory and asymptotic confidence sequences" (2021,
    arXiv:2103.06476), theorem 2.2, with the rho that they give to make it narrowest at a given row.
    """
    certainty = -2 * math.log(ALPHA)
    rho_squared = (certainty + math.log(certainty + 1)) / TIGHTEST_AT
    spread = rows * rho_squared + 1
    return math.sqrt(2 * spread / (rows**2 * rho_squared) * math.log(math.sqrt(spread) / ALPHA))


class Comparisons:
    """The comparison of each pair of models, candidate and live, of the MOST_PAIRS latest.

    Labels come late: after a change of models, rows of the pair before go on for a while among
    those of the new one. So a pair is not forgotten with the first row of another.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Comparison] = {}  # that of the last row comes last

    def add(self, rows: ShadowRows) -> None:
        """Takes further rows into account."""
        pairs = [*zip(rows.model_id.tolist(), rows.live_model_id.tolist(), strict=True)]
        last = {pair: place for place, pair in enumerate(pairs)}
        for pair in sorted(last, key=last.__getitem__)[-MOST_PAIRS:]:
            chosen = np.array([each == pair for each in pairs])
            comparison = self._pairs.pop(pair, None) or Comparison()
            comparison.add(rows.absolute_error[chosen], rows.live_absolute_error[chosen])
            self._pairs[pair] = comparison
        for pair in [*self._pairs][:-MOST_PAIRS]:
            del self._pairs[pair]

    def latest(self) -> tuple[str, str, Comparison] | None:
        """The pair of the last row, candidate and live model, and how they compare."""
        return next(((*pair, found) for pair, found in reversed(self._pairs.items())), None)
