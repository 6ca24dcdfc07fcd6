"""What a few repeats say: their middle, and how far they lie apart."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of some repeats, and the least and most of them."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """
    >>> spread([3.0, 1.0, 2.0])
    Spread(median=2.0, least=1.0, most=3.0)
    """
    return Spread(median(values), min(values), max(values))


def ratio(values: Sequence[float], others: Sequence[float]) -> Spread:
    """How many times the others, round by round: what slows a whole round cancels out.

    >>> ratio([10.0, 30.0, 100.0], [5.0, 10.0, 100.0])
    Spread(median=2.0, least=1.0, most=3.0)
    """
    return spread([value / other for value, other in zip(values, others, strict=True)])


def rounded(value: float) -> str:
    """Three digits that mean something, and no exponent.

    >>> rounded(12345.6), rounded(123.4), rounded(1.2345), rounded(0.0), rounded(14.96)
    ('12,300', '123', '1.23', '0', '15')
    """
    text = f"{value:.3g}"
    number = float(text)
    return f"{number:,.0f}" if abs(number) >= 100 or number == round(number) else f"{number:g}"


def shown(values: Spread) -> str:
    """
    >>> shown(Spread(2.0, 1.0, 3.456))
    '2 (1 – 3.46)'
    """
    return f"{rounded(values.median)} ({rounded(values.least)} – {rounded(values.most)})"
