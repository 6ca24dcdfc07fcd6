"""Numbers, sizes and times about models, as short as a person needs them."""

from datetime import UTC, datetime

from pipeline_cli.stored_models.answers import HoldOut, SoFar

NONE = "–"
MAX_WHOLE = 1e15  # from there on a number is shown as a power of ten
JUST_NOW_SECONDS = 10
SPANS = ((86_400, "day"), (3_600, "h"), (60, "min"), (1, "s"))


def error_text(of: HoldOut | SoFar | None) -> str:
    """Returns the error by which people compare models.

    >>> error_text(SoFar(3, mae=9832.78)), error_text(SoFar(3, accuracy=0.96667)), error_text(None)
    ('MAE 9,833', 'acc. 0.967', '–')
    """
    if of is not None and of.mae is not None:
        return f"MAE {number(of.mae)}"
    if of is not None and of.accuracy is not None:
        return f"acc. {of.accuracy:.3f}"
    return NONE


def baseline_text(of: HoldOut | None) -> str:
    """Returns the same error, or accuracy, of always telling the same."""
    if of is not None and of.baseline_mae is not None:
        return number(of.baseline_mae)
    if of is not None and of.majority_accuracy is not None:
        return f"{of.majority_accuracy:.3f}"
    return NONE


def number(value: float) -> str:
    """Returns a number to four digits, or to the unit if it has more.

    >>> number(47.50917), number(13303.2), number(0.000012345), number(1e16)
    ('47.51', '13,303', '1.234e-05', '1e+16')
    """
    return f"{value:,.0f}" if 1000 <= abs(value) < MAX_WHOLE else f"{value:.4g}"


def size_text(size: int) -> str:
    """
    >>> size_text(999), size_text(21_003), size_text(1_240_000), size_text(32_000_000)
    ('999 B', '21 kB', '1.2 MB', '32 MB')
    """
    for unit, factor in (("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return (
                f"{size / factor:.2g} {unit}"
                if size < 10 * factor
                else f"{size / factor:.0f} {unit}"
            )
    return f"{size} B"


def ago(at: datetime | None, now: datetime | None = None) -> str:
    """Returns how long ago it was; a clock that is ahead of this one says just now.

    >>> at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    >>> [ago(at, at.replace(**later)) for later in ({"second": 9}, {"minute": 59}, {"hour": 15})]
    ['just now', '59 min ago', '3 h ago']
    >>> ago(at, datetime(2026, 12, 2, 12, tzinfo=UTC)), ago(None)
    ('2 days ago', '–')
    """
    if at is None:
        return NONE
    seconds = ((now or datetime.now(UTC)) - at.astimezone(UTC)).total_seconds()
    if seconds < JUST_NOW_SECONDS:
        return "just now"
    span, unit = next(each for each in SPANS if seconds >= each[0])
    count = int(seconds / span)
    return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''} ago"


def time_text(at: datetime) -> str:
    """Returns a time to the second, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def counted(count: int, noun: str) -> str:
    """
    >>> counted(1, "row"), counted(1204, "row")
    ('1 row', '1,204 rows')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
