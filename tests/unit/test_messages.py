"""The wire contract, to the byte."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages import FEATURES, VALUES, Message, id_text, new_id, number_text

TEN = [0.1, 1, -2.5, 0, 0, 0, 0, 0, 0, 1e-3]


def test_a_row_has_these_bytes() -> None:
    assert Message(["a-1"], [151.0]).encode() == b'{"id":"a-1","body":151.0}'
    assert Message([1.5], [[0.5] * 2]).encode() == b'{"id":1.5,"body":[0.5,0.5]}'


def test_a_batch_has_these_bytes() -> None:
    message = Message(["a", 2], [151.0, 0.5], batched=True)
    assert message.encode() == b'{"id":["a",2],"body":[151.0,0.5]}'


def test_a_single_row_in_batch_form_stays_a_batch() -> None:
    message, errors = VALUES.decode(b'{"id":["a"],"body":[1]}')
    assert message == Message(["a"], [1.0], batched=True)
    assert errors == []


def test_features_are_ten_numbers() -> None:
    message, errors = FEATURES.decode(b'{"id":1700000000.25,"body":[0.1,1,-2.5,0,0,0,0,0,0,1e-3]}')
    assert message == Message([1700000000.25], [TEN])
    assert errors == []


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "truncated"),
        (b"\xff\xfe{}", "malformed"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"id":"a"}', "missing required field `body`"),
        (b'{"id":"a","body":NaN}', "malformed"),
        (b'{"id":"a","body":1e400}', "out of range"),
        (b'{"id":"a","body":null}', "Expected `float`, got `null`"),
        (b'{"id":"a","body":true}', "Expected `float`, got `bool`"),
        (b'{"id":"a","body":"1"}', "Expected `float`, got `str`"),
        (b'{"id":"a","body":1}{', "malformed"),
        (b'{"id":true,"body":1}', "got `bool`"),
        (b'{"id":"","body":1}', "1 to 64 characters"),
        (b'{"id":"-a","body":1}', "1 to 64 characters"),
        (b'{"id":"a\\n","body":1}', "1 to 64 characters"),
        (b'{"id":"' + b"x" * 65 + b'","body":1}', "1 to 64 characters"),
        (b'{"id":' + b"9" * 64 + b',"body":1}', "1 to 64 characters"),
        (b'{"id":"a","body":' + b"[" * 100_000, "recursion depth"),
        (b'{"id":["a","b"],"body":[1]}', "2 ids, 1 values"),
        (b'{"id":[],"body":[]}', "at least 1"),
        (b'{"id":["a"],"body":1}', "Expected `array`, got `int`"),
    ],
)
def test_a_bad_message_comes_back_whole_with_its_reason(raw: bytes, reason: str) -> None:
    message, (error,) = VALUES.decode(raw)
    assert message is None
    assert reason in str(error)
    assert error.raw == raw


def test_a_bad_row_of_a_batch_comes_back_alone() -> None:
    message, errors = VALUES.decode(b'{"id":["a","b",3,"d"],"body":[1,"x",null,4.5]}')
    assert message == Message(["a", "d"], [1.0, 4.5], batched=True)
    assert [error.raw for error in errors] == [b'{"id":"b","body":"x"}', b'{"id":3,"body":null}']


def test_a_batch_in_a_batch_is_no_row() -> None:
    message, errors = VALUES.decode(b'{"id":[["a","b"],"c"],"body":[[1,2],3]}')
    assert message == Message(["c"], [3.0], batched=True)
    assert [error.raw for error in errors] == [b'{"id":["a","b"],"body":[1,2]}']


@pytest.mark.parametrize("depth", [10, 300, 330, 1000, 100_000])
def test_nesting_without_end_is_an_error_and_no_crash(depth: int) -> None:
    opened, closed = b"[" * depth, b"]" * depth
    message, errors = VALUES.decode(
        b'{"id":' + opened + b'"a"' + closed + b',"body":' + opened + b"1" + closed + b"}"
    )
    assert message is None
    assert errors


def test_a_feature_vector_of_the_wrong_length_says_so() -> None:
    message, (error,) = FEATURES.decode(b'{"id":"a","body":[1,2,3]}')
    assert message is None
    assert "length >= 10" in str(error)


@pytest.mark.parametrize(
    ("row_id", "text"),
    [
        ("a", "a"),
        (5, "5"),
        (5.0, "5"),
        (-0.0, "0"),
        (1.50, "1.5"),
        (1e22, str(10**22)),
        (10**22, str(10**22)),
        (1e70, "1e70"),
        (-7, "-7"),
    ],
)
def test_an_id_has_one_text(row_id: str | float, text: str) -> None:
    assert id_text(row_id) == text


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_equal(number: float) -> None:
    assert float(number_text(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**62), 10**62))
def test_decode_gives_back_what_was_encoded(value: float, row_id: int) -> None:
    message, _ = VALUES.decode(Message([row_id], [value]).encode())
    assert message == Message([row_id], [value])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(raw: bytes) -> None:
    message, errors = VALUES.decode(raw)
    assert message is not None or errors
    if message is not None:
        assert all(math.isfinite(value) for value in message.values)


def test_ids_are_unique_and_ordered_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
