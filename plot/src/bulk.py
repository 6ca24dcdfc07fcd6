"""Where the bulk of some numbers lies, and round widths: what axes are made of."""

import math
from collections.abc import Callable

MIN_FOR_OUTLIER = 10  # of so many numbers, one may be called an outlier
OUTLIERS = 40  # of so many, one at most, to each side


def bulk(at_rank: Callable[[int], float], count: int) -> tuple[float, float]:
    """The ends of the bulk of `count` numbers, of which `at_rank` gives each by its rank from 0.

    Tukey's outer fences (1977), three interquartile ranges from the quartiles; yet to each side at
    most one number in OUTLIERS lies further out. Where most numbers are equal the fences are
    nothing, and what differs is no outlier for that.
    """
    last, spare = count - 1, count // OUTLIERS or int(count >= MIN_FOR_OUTLIER)
    lower, upper = at_rank(count // 4), at_rank(last - count // 4)
    fence = 3 * (upper - lower)
    return min(lower - fence, at_rank(spare)), max(upper + fence, at_rank(last - spare))


def round_up(width: float) -> tuple[int, int]:
    """The first of …, 0.5, 1, 2, 5, 10, … that reaches a width: its digit, and its power of ten.

    >>> round_up(0.3), round_up(20), round_up(5.1e11)
    ((5, -1), (2, 1), (1, 12))
    """
    power = math.floor(math.log10(width))
    return next(
        (digit, at)
        for at in (power - 1, power, power + 1)
        for digit in (1, 2, 5)
        if float(f"{digit}e{at}") >= width
    )
