"""The range that holds the bulk of some numbers, and round widths: the basis of axes."""

import math
from collections.abc import Callable

MIN_FOR_OUTLIER = 10  # the fewest numbers of which one may be called an outlier
OUTLIERS = 40  # on each side at most one number in so many


def bulk(at_rank: Callable[[int], float], count: int) -> tuple[float, float]:
    """Returns the ends of the bulk of `count` numbers; `at_rank` gives each by its rank from 0.

    The bulk lies within Tukey's outer fences (1977), three interquartile ranges from the quartiles;
    but on each side at most one number in OUTLIERS is left out. If most numbers are equal, the
    fences have no width, and a number that differs is not an outlier for that reason alone.
    """
    last, spare = count - 1, count // OUTLIERS or int(count >= MIN_FOR_OUTLIER)
    lower, upper = at_rank(count // 4), at_rank(last - count // 4)
    fence = 3 * (upper - lower)
    return min(lower - fence, at_rank(spare)), max(upper + fence, at_rank(last - spare))


def round_up(width: float) -> tuple[int, int]:
    """Returns the first of …, 0.5, 1, 2, 5, 10, … that reaches a width: its digit and power of ten.

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
