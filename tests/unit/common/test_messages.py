"""The wire contract, to the byte."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.message_reader import MAX_BATCH_BYTES, MAX_BATCH_ROWS, MAX_ROW_BYTES, MessageReader
from pipeline.messages import Message, id_text, new_id, number_text
from support.readers import FEATURES, VALUES

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
        (b"", "the body is empty"),
        (b"\xff\xfe{}", "UTF-16"),
        (b'{"id":"a","body":1,"x":"\xff"}', "not UTF-8: byte 24 is 0xff"),
        (b"[1]", "Expected `object`, got `array`"),
        (b'{"id":"a"}', "there is no 'body' beside 'id': a message is"),
        (b'{"id":"a","body":NaN}', "malformed"),
        (b'{"id":"a","body":1e400}', "out of range"),
        (b'{"id":"a","body":null}', "target: null is no number"),
        (b'{"id":"a","body":true}', "target: true is no number"),
        (b'{"id":"a","body":"1"}', 'target: "1" is no number'),
        (b'{"id":"a","body":1}{', "malformed"),
        (b'{"id":true,"body":1}', "got `bool`"),
        (b'{"id":"a","X":1,"body2":1}', "there is no 'body' beside 'id', 'X', 'body2': a message"),
        (b'{"id":"","body":1}', "an id has 1 to 128 characters, and not 0"),
        (b'{"id":"a,","id":"a","body":1}', "the id that stands there first is none"),
        (b'{"id":' + b"9" * 64 + b',"body":1}', "a whole number has at most 63 digits"),
        (b'{"id":"a","body":[NaN]}', "at 'NaN]}': JSON has no NaN and no Infinity"),
        (b'"{\\"id\\":1}"', "got `str`: JSON in a string, encoded twice"),
        (b'{"id":"a","body":' + b"[" * 60_000, "nested too deep"),
        (b'{"id":"a","body":' + b"[" * 100_000, "nested too deep"),
        (b'{"id":"a","body":' + b"1" * 70_000 + b"}", "a row of 70,018 bytes is too large"),
        (b" " * (MAX_BATCH_BYTES + 1), "4,194,305 bytes is too large, the most is 4,194,304"),
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


def test_an_endless_id_spoils_its_row_and_not_the_batch() -> None:
    message, (error,) = VALUES.decode(b'{"id":[1,%b,3],"body":[1,2,3]}' % (b"9" * 64))
    assert message == Message([1, 3], [1.0, 3.0], batched=True)
    assert error.raw == b'{"id":%b,"body":2}' % (b"9" * 64)


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


def padded(raw: bytes, size: int) -> bytes:
    return raw + b" " * (size - len(raw))


@pytest.mark.parametrize(
    ("raw", "most"),
    [(b'{"id":"a","body":1}', MAX_ROW_BYTES), (b'{"id":["a"],"body":[1]}', MAX_BATCH_BYTES)],
)
def test_a_message_may_be_as_large_as_its_limit_and_no_larger(raw: bytes, most: int) -> None:
    assert VALUES.decode(padded(raw, most))[0] is not None
    message, (error,) = VALUES.decode(padded(raw, most + 1))
    assert message is None
    assert f"of {most + 1:,} bytes is too large, the most is {most:,}" in str(error)


def test_a_batch_may_have_as_many_rows_as_its_limit_and_no_more() -> None:
    assert VALUES.decode(Message([1] * MAX_BATCH_ROWS, [1.0] * MAX_BATCH_ROWS, True).encode())[0]
    rows = MAX_BATCH_ROWS + 1
    for value in (b"1", b'"x"'):
        columns = b",".join([b"1"] * rows), b",".join([value] * rows)
        message, (error,) = VALUES.decode(b'{"id":[%b],"body":[%b]}' % columns)
        assert message is None
        reason = f"a batch of {rows:,} rows is too large, the most is {MAX_BATCH_ROWS:,}"
        assert reason == str(error)


def columns(row_id: bytes, value: bytes, rows: int) -> bytes:
    """A batch of equal rows, or as many of them as fit into the largest message."""
    rows = min(rows, (MAX_BATCH_BYTES - 100) // (len(row_id) + len(value) + 2))
    return b'{"id":[%b],"body":[%b]}' % (b",".join([row_id] * rows), b",".join([value] * rows))


@pytest.mark.parametrize(
    "raw",
    [
        columns(b"1", b"[]", MAX_BATCH_ROWS),
        columns(b'""', b"1", MAX_BATCH_ROWS),
        columns(b'"' + b"x" * 190 + b'"', b"[]", MAX_BATCH_ROWS),
        columns(b"9" * 4000, b"1", MAX_BATCH_ROWS),
        columns(b"1", b"0." + b"9" * 200, MAX_BATCH_ROWS),
        columns(b"1", b"[" * 300 + b"]" * 300, MAX_BATCH_ROWS),
        columns(b"1", b"1", 10**7),
        columns(b"1", b"[]", 10**7),
        columns(b"1", b"[" + b"0," * 9 + b"0]", 10**7),
        columns(b"9" * (2**21), b"1", 1),
        columns(b'"a"', b"0." + b"9" * 2**21, 1),
        columns(b'"' + b"\\u0041" * 600_000 + b'"', b"1", 1),
        b'{"id":["a"],"body":[""],' + b",".join(b'"%d":1' % n for n in range(300_000)) + b"}",
        padded(columns('"é"'.encode(), b"1", 10), MAX_BATCH_BYTES),
    ],
    ids=lambda raw: repr(raw[:20]),
)
@pytest.mark.parametrize("schema", [VALUES, FEATURES], ids=["label", "features"])
def test_no_message_takes_longer_than_a_second(schema: MessageReader[Any], raw: bytes) -> None:
    assert len(raw) <= MAX_BATCH_BYTES
    before = time.process_time()
    schema.decode(raw)
    assert time.process_time() - before < 1


def test_a_feature_vector_of_the_wrong_length_says_so() -> None:
    message, (error,) = FEATURES.decode(b'{"id":"a","body":[1,2,3]}')
    assert message is None
    assert "a row has 10 values (age sex bmi bp s1 s2 s3 s4 s5 s6), and not 3" in str(error)


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


@given(st.floats(allow_nan=False, allow_infinity=False) | st.just(float("inf")))
def test_a_number_reads_back_equal(number: float) -> None:
    assert float(number_text(number)) == number


def test_ids_are_unique_and_ordered_by_time() -> None:
    ids = [new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids == sorted(ids)
