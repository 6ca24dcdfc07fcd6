"""Words that several sentences need."""


def counted(count: int, noun: str) -> str:
    """Returns a number with its noun.

    >>> counted(1, "row"), counted(2_000, "row"), counted(3, "class")
    ('1 row', '2,000 rows', '3 classes')
    """
    plural = f"{noun}es" if noun.endswith("s") else f"{noun}s"
    return f"{count:,} {noun if count == 1 else plural}"
