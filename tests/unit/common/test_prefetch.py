"""How many messages are asked for, by the size of those that came and the time that they take."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.broker.prefetch import AHEAD_SECONDS, MAX_INBOX_BYTES, MAX_PREFETCH, Prefetch
from pipeline.message_reader import MAX_BATCH_BYTES

QUICK = 1e12  # bytes a second


def noted(prefetch: Prefetch, size: int, speed: float = QUICK) -> int:
    """How many more are asked for after a delivery."""
    prefetch.note(size)
    return prefetch.more(speed)


def grown(size: int, speed: float = QUICK) -> tuple[int, int]:
    """How many may be on their way after many of one size, and how many consumers that took."""
    prefetch = Prefetch()
    more = [noted(prefetch, size, speed) for _ in range(2 * MAX_PREFETCH)]
    assert prefetch.messages == 1 + sum(more)
    return prefetch.messages, 1 + len(list(filter(None, more)))


@pytest.mark.parametrize(
    ("size", "messages", "consumers"),
    [
        (0, MAX_PREFETCH, 4),
        (200, MAX_PREFETCH, 4),
        (2**20, 24, 3),
        (MAX_BATCH_BYTES, 6, 2),
        (MAX_INBOX_BYTES, 1, 1),
        (2 * MAX_INBOX_BYTES, 1, 1),
    ],
)
def test_it_grows_to_what_fits(size: int, messages: int, consumers: int) -> None:
    assert grown(size) == (messages, consumers)


def test_a_large_one_among_small_ones_does_not_count_for_all() -> None:
    prefetch = Prefetch()
    for number in range(2 * MAX_PREFETCH):
        noted(prefetch, MAX_BATCH_BYTES if number % 200 == 5 else 200)
    assert prefetch.messages == MAX_PREFETCH


@pytest.mark.parametrize(
    ("seconds", "messages"), [(0.001, MAX_PREFETCH), (0.1, 20), (0.3, 6), (1, 2), (15, 1)]
)
def test_it_grows_to_what_is_done_in_the_time(seconds: float, messages: int) -> None:
    assert AHEAD_SECONDS == 2
    assert grown(1000, speed=1000 / seconds)[0] == messages


def test_it_does_not_grow_before_the_first_is_done_and_then_at_once() -> None:
    prefetch = Prefetch()
    assert noted(prefetch, 200, 0) == 0
    assert prefetch.more(QUICK) > 0


@given(st.lists(st.tuples(st.integers(0, 2 * MAX_INBOX_BYTES), st.floats(0, QUICK))))
def test_it_never_asks_for_less_than_one_or_more_than_the_most(
    deliveries: list[tuple[int, float]],
) -> None:
    prefetch = Prefetch()
    for size, speed in deliveries:
        assert noted(prefetch, size, speed) >= 0
        assert 1 <= prefetch.messages <= MAX_PREFETCH


def test_after_large_ones_all_that_was_given_back_comes_before_it_grows() -> None:
    prefetch = Prefetch()
    for _ in range(2 * MAX_PREFETCH):
        noted(prefetch, 200)
    prefetch.shrink(2**20)
    assert prefetch.messages * MAX_BATCH_BYTES <= MAX_INBOX_BYTES
    assert not any(noted(prefetch, 200) for _ in range(MAX_PREFETCH - 1))
    assert noted(prefetch, 200) > 0


@pytest.mark.parametrize("most", [1, 4])
def test_a_bound_of_ones_own_holds_whatever_comes(most: int) -> None:
    prefetch = Prefetch(most=most)
    more = [noted(prefetch, 200) for _ in range(2 * MAX_PREFETCH)]
    assert 1 + sum(more) == prefetch.messages == most
    prefetch.shrink(200)
    assert prefetch.messages == most


def test_what_is_larger_than_any_that_is_accepted_is_taken_one_by_one() -> None:
    prefetch = Prefetch()
    prefetch.shrink(MAX_INBOX_BYTES)
    assert prefetch.messages == 1
