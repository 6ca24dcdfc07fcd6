"""How many messages are asked for, by the size of those that came."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.broker.prefetch import MAX_INBOX_BYTES, MAX_PREFETCH, Prefetch
from pipeline.messages import MOST_BATCH_BYTES


def grown(size: int, deliveries: int = 2 * MAX_PREFETCH) -> tuple[int, int]:
    """How many may be on their way after so many of one size, and how many consumers that took."""
    prefetch = Prefetch()
    more = [prefetch.more(size) for _ in range(deliveries)]
    assert prefetch.messages == 1 + sum(more)
    return prefetch.messages, 1 + len(list(filter(None, more)))


@pytest.mark.parametrize(
    ("size", "messages", "consumers"),
    [
        (0, MAX_PREFETCH, 4),
        (200, MAX_PREFETCH, 4),
        (2**20, 24, 3),
        (MOST_BATCH_BYTES, 6, 2),
        (MAX_INBOX_BYTES, 1, 1),
        (2 * MAX_INBOX_BYTES, 1, 1),
    ],
)
def test_it_grows_to_what_fits(size: int, messages: int, consumers: int) -> None:
    assert grown(size) == (messages, consumers)


def test_a_large_one_among_small_ones_does_not_count_for_all() -> None:
    prefetch = Prefetch()
    for number in range(2 * MAX_PREFETCH):
        prefetch.more(MOST_BATCH_BYTES if number % 200 == 5 else 200)
    assert prefetch.messages == MAX_PREFETCH


@given(st.lists(st.integers(0, 2 * MAX_INBOX_BYTES)))
def test_it_never_asks_for_less_than_one_or_more_than_the_most(sizes: list[int]) -> None:
    prefetch = Prefetch()
    for size in sizes:
        assert prefetch.more(size) >= 0
        assert 1 <= prefetch.messages <= MAX_PREFETCH


def test_after_large_ones_all_that_was_given_back_comes_before_it_grows() -> None:
    prefetch = Prefetch()
    for _ in range(2 * MAX_PREFETCH):
        prefetch.more(200)
    prefetch.shrink(2**20)
    assert prefetch.messages * MOST_BATCH_BYTES <= MAX_INBOX_BYTES
    assert not any(prefetch.more(200) for _ in range(MAX_PREFETCH - 1))
    assert prefetch.more(200) > 0


def test_what_is_larger_than_any_that_is_accepted_is_taken_one_by_one() -> None:
    prefetch = Prefetch()
    prefetch.shrink(MAX_INBOX_BYTES)
    assert prefetch.messages == 1
