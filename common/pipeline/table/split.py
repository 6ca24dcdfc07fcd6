"""The split that holds out a fifth of a data set's rows: the same wherever it is made.

It is never drawn by a seed over a file that can change: one appended row would put up to 28 % of
the new hold-out into what a model was trained on. A row's own content decides.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

HOLDOUT_SHARE = 0.2
MIN_THRESHOLD_ROWS = 1_000  # from so many on a row's digest alone decides, and appending moves none

Mask = npt.NDArray[np.bool_]


def by_key(keys: Iterable[bytes], classes: Sequence[str] | None = None) -> Mask:
    """Returns True for each row that is held out; rows with the same key stay together.

    A key is a row's content, or the name of its group. From 1,000 rows on the digest of the key
    decides. Of fewer rows a fifth is taken in the order of the digests, of each class by itself,
    so that a rare class stands on both sides; appending rows may then move others.
    """
    digests = [int.from_bytes(blake2b(key, digest_size=8).digest()) for key in keys]
    if len(digests) >= MIN_THRESHOLD_ROWS:
        return np.array([digest < HOLDOUT_SHARE * 2**64 for digest in digests], dtype=np.bool_)
    held_out: set[int] = set()
    for counts in _counts_by_class(digests, classes or [""] * len(digests)):
        held_out |= _first_fifth(counts)
    return np.array([digest in held_out for digest in digests], dtype=np.bool_)


def by_time(times: Sequence[float | str]) -> Mask:
    """Returns True for the last fifth of the rows by their times; equal times stay together.

    Of rows without an order, whose times are all equal, none is held out.
    """
    ordered = sorted(times)  # all numbers, or all texts
    first = ordered[int(len(ordered) * (1 - HOLDOUT_SHARE))] if ordered else ""
    mask = np.array([time >= first for time in times], dtype=np.bool_)  # type: ignore[operator]
    return mask if not mask.all() else np.zeros(len(mask), dtype=np.bool_)


def _counts_by_class(digests: list[int], classes: Sequence[str]) -> list[dict[int, int]]:
    """Returns the number of rows of each digest, by class; a digest is of its first row's."""
    class_of: dict[int, str] = {}
    counts: dict[str, dict[int, int]] = {}
    for digest, name in zip(digests, classes, strict=True):
        own = counts.setdefault(class_of.setdefault(digest, name), {})
        own[digest] = own.get(digest, 0) + 1
    return list(counts.values())


def _first_fifth(counts: dict[int, int]) -> set[int]:
    """Returns the digests, from the least on, that have about a fifth of the rows.

    At least one is taken, and one left; the only one of a class is left for training.
    """
    wanted = HOLDOUT_SHARE * sum(counts.values())
    taken: set[int] = set()
    rows = 0
    for digest in sorted(counts)[:-1]:
        if taken and rows + counts[digest] / 2 > wanted:
            break
        taken.add(digest)
        rows += counts[digest]
    return taken
