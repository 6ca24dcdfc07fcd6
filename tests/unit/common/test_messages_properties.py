"""What holds for every message: nothing raises or vanishes, and what is written reads back."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.ids import ID_PATTERN
from pipeline.message_reader import MessageReader
from pipeline.messages import Message, id_text
from support.readers import FEATURES, VALUES

FINITE = st.floats(allow_nan=False, allow_infinity=False)
MOST_ID = 10**63 - 1
IDS = st.one_of(
    st.from_regex(ID_PATTERN, alphabet=st.characters(codec="ascii")),
    st.integers(-MOST_ID, MOST_ID),
    FINITE,
)
ROWS: dict[str, tuple[MessageReader[Any], st.SearchStrategy[Any]]] = {
    "label": (VALUES, FINITE),
    "features": (FEATURES, st.lists(FINITE, min_size=10, max_size=10)),
}
CSV_SAFE = re.compile(r"[A-Za-z0-9._:/{}~-][A-Za-z0-9._:+/=@{}~ -]{0,127}")

SPOILED_IDS = [b'"a,b"', b'""', b"null", b"true", b"{}", b"1e400", b"9" * 64, b"9" * 5000,
               b'"\\u0000"', b'"%b"' % (b"x" * 70_000)]  # fmt: skip
SPOILED_VALUES = [b"null", b"true", b'"1"', b"{}", b"1e400", b"-1e400", b"[]", b"[null]",
                  b"[" * 50 + b"]" * 50, b'"%b"' % (b"x" * 70_000)]  # fmt: skip


each_kind = pytest.mark.parametrize("kind", ROWS)


@st.composite
def nearly_messages(draw: st.DrawFn) -> bytes:
    """A message in which some bytes were overwritten, put in, or taken away."""
    ids = draw(st.lists(IDS, min_size=1, max_size=4))
    value = draw(st.sampled_from([1.0, [0.5] * 10]))
    raw = bytearray(Message(ids, [value] * len(ids), batched=draw(st.booleans())).encode())
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(raw)))
        other = draw(st.one_of(st.binary(max_size=3), st.sampled_from([b"[", b"]", b",", b'"'])))
        raw[start : start + draw(st.integers(0, 3))] = other
    return bytes(raw)


@each_kind
@settings(max_examples=300)
@given(raw=st.one_of(st.binary(max_size=200), nearly_messages()))
def test_any_bytes_are_a_message_or_errors(kind: str, raw: bytes) -> None:
    schema, _ = ROWS[kind]
    message, errors = schema.decode(raw)
    assert message is not None or errors
    assert all(str(error).isprintable() for error in errors)
    if message is None:
        return
    assert len(message.ids) == len(message.values) >= 1
    assert all(CSV_SAFE.fullmatch(id_text(row_id)) for row_id in message.ids)
    assert all(math.isfinite(number) for number in flat(message.values))
    json.loads(raw.decode(), parse_constant=pytest.fail)  # who else reads JSON reads it, too


def flat(values: list[Any]) -> list[float]:
    return [number for value in values for number in (value if type(value) is list else [value])]


@each_kind
@given(data=st.data(), batched=st.booleans())
def test_what_is_written_reads_back(kind: str, data: st.DataObject, batched: bool) -> None:
    schema, values = ROWS[kind]
    rows = data.draw(st.lists(st.tuples(IDS, values), min_size=1, max_size=5 if batched else 1))
    written = Message([row[0] for row in rows], [row[1] for row in rows], batched)
    message, errors = schema.decode(written.encode())
    assert (message, errors) == (written, [])
    assert list(map(type, written.ids)) == [type(row_id) for row_id in message.ids]  # type: ignore[union-attr]


@each_kind
@given(data=st.data())
def test_of_a_batch_just_the_bad_rows_come_back(kind: str, data: st.DataObject) -> None:
    schema, values = ROWS[kind]
    good = st.tuples(st.just(True), IDS.map(encoded), values.map(encoded))
    bad_id = st.tuples(st.just(False), st.sampled_from(SPOILED_IDS), values.map(encoded))
    bad_value = st.tuples(st.just(False), IDS.map(encoded), st.sampled_from(SPOILED_VALUES))
    rows = data.draw(st.lists(st.one_of(good, bad_id, bad_value), min_size=1, max_size=8))
    ids, bodies = b",".join(row[1] for row in rows), b", ".join(row[2] for row in rows)
    message, errors = schema.decode(b'{"id":[%b],"body":[%b]}' % (ids, bodies))
    kept = [] if message is None else list(zip(message.ids, message.values, strict=True))
    assert kept == [(json.loads(row[1]), json.loads(row[2])) for row in rows if row[0]]
    spoiled = [b'{"id":%b,"body":%b}' % row[1:] for row in rows if not row[0]]
    assert [error.raw for error in errors] == spoiled
    for error in errors:
        again, (same,) = schema.decode(error.raw)
        assert (again, str(same), same.raw) == (None, str(error), error.raw)


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


NUMBERS = st.one_of(
    st.integers(-MOST_ID, MOST_ID),
    FINITE,
    st.integers(-(2**70), 2**70).map(float),
    st.integers(-9, 9),
    st.integers(-9, 9).map(float),
)


@given(one=NUMBERS, other=NUMBERS)
def test_numbers_have_the_same_text_just_if_they_are_equal(one: float, other: float) -> None:
    assert (id_text(one) == id_text(other)) == (one == other)
    if abs(one) < 1e300:
        assert id_text(float(one)) == id_text(one) or float(one) != one
