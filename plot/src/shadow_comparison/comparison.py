"""Two models compared on the same rows: how wrong each is, and how sure it is which is better."""

from typing import Literal, NamedTuple

import numpy as np

from logs.rows import Column
from shadow_comparison.confidence_sequence import MAX_ERROR, ConfidenceSequence, Errors, Span
from shadow_comparison.rows import ShadowRows

BOUND_IN_SPANS = 2.0  # leaves room for what the first rows did not show
SAME_SHARE = 0.001  # of the live model's MAE: models that differ by less are equally good
MAX_PAIRS = 8  # of models that are remembered

Verdict = Literal["too few rows", "failing", "better", "worse", "equal", "unclear"]


class Interval(NamedTuple):
    """A mean, and the current ends of its confidence sequence, in units of the target."""

    mean: float
    low: float
    high: float


class Comparison:
    """A shadow model and the live model on the rows added so far, in memory that does not grow.

    A row for which the shadow model gave no number counts as `failed`; everything else is about
    the other `rows`. A difference is the shadow model's absolute error less the live model's:
    negative if the shadow model is better.

    The first rows, on which no bets are made, set the `bound` of a difference; `beyond` counts the
    rows that exceed it nevertheless.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.failed = 0
        self.beyond = 0
        self._errors = np.zeros(2)  # sums: of the shadow model, of the live model
        self._squares = np.zeros(2)
        self._span = Span()
        self._sequence: ConfidenceSequence | None = None

    @property
    def bound(self) -> float | None:
        """The largest distance from zero that a difference may have; None before it is set."""
        return self._sequence.bound if self._sequence else None

    def add(self, rows: ShadowRows) -> None:
        """Adds further rows of these two models."""
        answered = np.isfinite(rows.y_pred)
        self.failed += len(answered) - int(answered.sum())
        both = np.stack([rows.absolute_error[answered], rows.live_absolute_error[answered]])
        errors = np.minimum(both, MAX_ERROR)
        self.rows += errors.shape[1]
        self._errors += errors.sum(axis=1)
        with np.errstate(over="ignore"):
            self._squares += (errors**2).sum(axis=1)
        self._extend(rows.y_true[answered], errors)

    def _extend(self, labels: Column, errors: Errors) -> None:
        """Bets on all rows but the first, which set the bound."""
        if self._sequence is None:
            taken = self._span.add(labels, errors)
            if not self._span.is_known:
                return
            self._sequence = ConfidenceSequence(BOUND_IN_SPANS * self._span.size)
            errors = errors[:, taken:]
        differences = errors[0] - errors[1]
        self.beyond += int((np.abs(differences) > self._sequence.bound).sum())
        self._sequence.add(differences)

    def mae(self) -> tuple[float, float]:
        """Returns the mean absolute errors of shadow and live model. Call it only with rows."""
        shadow, live = (self._errors / self.rows).tolist()
        return shadow, live

    def rmse(self) -> tuple[float, float]:
        """Returns the roots of their mean squared errors. Call it only with rows."""
        shadow, live = np.sqrt(self._squares / self.rows).tolist()
        return shadow, live

    def difference(self) -> Interval | None:
        """Returns the mean difference and its 95 % confidence sequence; None before a bound is set.

        An ordinary 95 % interval, looked at again and again until it excludes zero, will in the end
        do so for two equal models, too. This one holds at all looks together.
        """
        if self._sequence is None:
            return None
        shadow, live = self.mae()
        low, high = self._sequence.ends()
        mean = shadow - live
        return Interval(mean, min(low, mean), max(high, mean))

    def verdict(self) -> Verdict:
        """Returns the verdict; a shadow model that failed is never called better or equal."""
        difference = self.difference()
        if difference is None:
            return "failing" if self.failed else "too few rows"
        same = SAME_SHARE * self.mae()[1]
        is_equal = difference.low > -same and difference.high < same
        if difference.low > 0 and not is_equal:
            return "worse"
        if self.failed:
            return "failing"
        if is_equal:
            return "equal"
        return "better" if difference.high < 0 else "unclear"


class Comparisons:
    """The comparisons of the MAX_PAIRS latest pairs of models, shadow and live.

    Labels come late: after a change of models, rows of the old pair still arrive for a while, mixed
    with those of the new one. So the first row of a new pair does not make the old one forgotten.
    """

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], Comparison] = {}  # that of the last row comes last

    def add(self, rows: ShadowRows) -> None:
        """Adds further rows."""
        pairs = [*zip(rows.model_id.tolist(), rows.live_model_id.tolist(), strict=True)]
        last = {pair: place for place, pair in enumerate(pairs)}
        for pair in sorted(last, key=last.__getitem__)[-MAX_PAIRS:]:
            chosen = np.array([each == pair for each in pairs])
            comparison = self._pairs.pop(pair, None) or Comparison()
            comparison.add(ShadowRows(*(column[chosen] for column in rows)))
            self._pairs[pair] = comparison
        for pair in [*self._pairs][:-MAX_PAIRS]:
            del self._pairs[pair]

    def latest(self) -> tuple[str, str, Comparison] | None:
        """Returns the pair of the last row, shadow and live model, and their comparison."""
        return next(((*pair, found) for pair, found in reversed(self._pairs.items())), None)
