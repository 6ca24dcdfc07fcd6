"""Numbers of any size, formatted for people as the pages do in format.js, and read from text."""

import math

MIN_PLAIN, MAX_PLAIN = 1e-3, 1e7  # outside this range, a power of ten
MIN_TWO_DECIMALS, MAX_TWO_DECIMALS = 1, 1e4


def readable(number: float) -> str:
    """Writes a number in ten characters at most, right to its third digit or better.

    >>> [readable(number) for number in (47.8699, -0.0, -13025.4, 0.104)]
    ['47.87', '0.00', '-13,025', '0.104']
    >>> [readable(number) for number in (1.2346e-9, 123456789012, 1e12, -math.inf)]
    ['1.235e-9', '1.235e11', '1e12', '-∞']
    """
    number += 0.0  # -0.0 becomes 0.0
    size = abs(number)
    if not math.isfinite(number):
        return "–" if math.isnan(number) else "∞" if number > 0 else "-∞"
    if size and not MIN_PLAIN <= size < MAX_PLAIN:
        digits, power = f"{number:.3e}".split("e")
        return f"{digits.rstrip('0').rstrip('.')}e{int(power)}"
    if size >= MAX_TWO_DECIMALS:
        return f"{number:,.0f}"
    return f"{number:,.2f}" if size >= MIN_TWO_DECIMALS or not size else f"{number:.3g}"


def percent(share: float) -> str:
    """Writes a share of 0 to 1 as format.js does: never 0 % or 100 % of a little more or less.

    >>> percent(0.8325), percent(1), percent(0.99999)
    ('83.3 %', '100.0 %', '> 99.9 %')
    """
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= share < 1:
        return "> 99.9 %"
    return f"{math.floor(1000 * share + 0.5) / 10:.1f} %"


def finite(text: str) -> float | None:
    """Reads a number; None if the text is none, not a finite one, or one only to Python, as 1_000.

    >>> finite(" 1e3 "), finite("nan"), finite("a"), finite("1_000")
    (1000.0, None, None, None)
    """
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and "_" not in text else None
