"""Two models compared on the same rows: how wrong each is, and how sure it is which is better."""

from collections.abc import Callable
from typing import Generic, Literal, NamedTuple, TypeVar

import numpy as np

from logs.rows import Column
from shadow_comparison.confidence_sequence import MAX_ERROR, ConfidenceSequence, Span
from shadow_comparison.rows import ClassShadowRows, Scores, ShadowRows

BOUND_IN_SPANS = 2.0  # leaves room for what the first rows did not show
SAME_SHARE = 0.001  # of the live model's MAE: models that differ by less are equally good
SAME_HALF_BRIER = 0.001  # the same for models that tell classes
MAX_HALF_BRIER = 1.0
MAX_PAIRS = 8  # of models that are remembered

Verdict = Literal["too few rows", "failing", "better", "worse", "equal", "unclear"]


class Interval(NamedTuple):
    """A mean, and the current ends of its confidence sequence, in units of the target."""

    mean: float
    low: float
    high: float


class Comparison:
    """A shadow model and the live model on the rows added so far, in memory that does not grow.

    A row that the shadow model did not predict counts as `failed`; everything else is about the
    other `rows`. A difference is the shadow model's score less the live model's, which is the
    absolute error, or half the Brier score of classes: negative if the shadow model is better.

    The first rows, on which no bets are made, set the `bound` of a difference; `beyond` counts the
    rows that exceed it nevertheless. The bound of classes is known before.
    """

    def __init__(self) -> None:
        self.rows = 0
        self.failed = 0
        self.beyond = 0
        self._scores = np.zeros(2)  # sums: of the shadow model, of the live model
        self._squares = np.zeros(2)
        self._span = Span()
        self._sequence: ConfidenceSequence | None = None

    @property
    def bound(self) -> float | None:
        """The largest distance from zero that a difference may have; None before it is set."""
        return self._sequence.bound if self._sequence else None

    def add(self, rows: ShadowRows | ClassShadowRows) -> None:
        """Adds further rows of these two models."""
        answered = rows.answered()
        self.failed += len(answered) - int(answered.sum())
        scores = np.minimum(rows.scores()[:, answered], MAX_ERROR)
        self.rows += scores.shape[1]
        self._scores += scores.sum(axis=1)
        with np.errstate(over="ignore"):
            self._squares += (scores**2).sum(axis=1)
        self._extend(rows.y_true[answered].astype(np.float64), scores)

    def _extend(self, labels: Column, scores: Scores) -> None:
        """Bets on all rows but the first, which set the bound."""
        if self._sequence is None:
            taken = self._span.add(labels, scores)
            if not self._span.is_known:
                return
            self._sequence = ConfidenceSequence(BOUND_IN_SPANS * self._span.size)
            scores = scores[:, taken:]
        differences = scores[0] - scores[1]
        self.beyond += int((np.abs(differences) > self._sequence.bound).sum())
        self._sequence.add(differences)

    def score(self) -> tuple[float, float]:
        """Returns the mean scores of shadow and live model. Call it only with rows."""
        shadow, live = (self._scores / self.rows).tolist()
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
        shadow, live = self.score()
        low, high = self._sequence.ends()
        mean = shadow - live
        return Interval(mean, min(low, mean), max(high, mean))

    def verdict(self) -> Verdict:
        """Returns the verdict; a shadow model that failed is never called better or equal."""
        difference = self.difference()
        if difference is None:
            return "failing" if self.failed else "too few rows"
        same = self._same()
        is_equal = difference.low > -same and difference.high < same
        if difference.low > 0 and not is_equal:
            return "worse"
        if self.failed:
            return "failing"
        if is_equal:
            return "equal"
        return "better" if difference.high < 0 else "unclear"

    def _same(self) -> float:
        """Returns the difference of the scores below which the models are equally good."""
        return SAME_SHARE * self.score()[1]


class ClassComparison(Comparison):
    """A shadow model and the live model that tell classes; also their means of 1 - p."""

    def __init__(self) -> None:
        super().__init__()
        self._sequence = ConfidenceSequence(MAX_HALF_BRIER)
        self._errors = np.zeros(2)
        self._certain = np.zeros(2, np.int64)  # rows with an error of 0 or 1

    def add(self, rows: ShadowRows | ClassShadowRows) -> None:
        """Adds further rows of these two models."""
        super().add(rows)
        both = np.stack([rows.absolute_error, rows.live_absolute_error])[:, rows.answered()]
        self._errors += both.sum(axis=1)
        self._certain += ((both == 0) | (both == 1)).sum(axis=1)

    def mean_error(self) -> tuple[float, float]:
        """Returns the means of 1 - p of shadow and live model. Call it only with rows."""
        shadow, live = (self._errors / self.rows).tolist()
        return shadow, live

    def tells_classes_only(self) -> tuple[bool, bool]:
        """Returns for shadow and live model whether every error is 0 or 1, as without p."""
        shadow, live = (self._certain == self.rows).tolist()
        return self.rows > 0 and shadow, self.rows > 0 and live

    def difference(self) -> Interval | None:
        """Returns the mean difference and its 95 % confidence sequence; None without rows."""
        return super().difference() if self.rows else None

    def _same(self) -> float:
        return SAME_HALF_BRIER


AnyComparison = TypeVar("AnyComparison", bound=Comparison)


class Comparisons(Generic[AnyComparison]):
    """The comparisons of the MAX_PAIRS latest pairs of models, shadow and live.

    Labels come late: after a change of models, rows of the old pair still arrive for a while, mixed
    with those of the new one. So the first row of a new pair does not make the old one forgotten.
    """

    def __init__(self, make: Callable[[], AnyComparison]) -> None:
        self._make = make
        self._pairs: dict[tuple[str, str], AnyComparison] = {}  # that of the last row comes last

    def add(self, rows: ShadowRows | ClassShadowRows) -> None:
        """Adds further rows."""
        pairs = [*zip(rows.model_id.tolist(), rows.live_model_id.tolist(), strict=True)]
        last = {pair: place for place, pair in enumerate(pairs)}
        for pair in sorted(last, key=last.__getitem__)[-MAX_PAIRS:]:
            chosen = np.array([each == pair for each in pairs])
            comparison = self._pairs.pop(pair, None) or self._make()
            comparison.add(type(rows)(*(column[chosen] for column in rows)))
            self._pairs[pair] = comparison
        for pair in [*self._pairs][:-MAX_PAIRS]:
            del self._pairs[pair]

    def latest(self) -> tuple[str, str, AnyComparison] | None:
        """Returns the pair of the last row, shadow and live model, and their comparison."""
        return next(((*pair, found) for pair, found in reversed(self._pairs.items())), None)
