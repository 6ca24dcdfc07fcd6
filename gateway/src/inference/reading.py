"""Reads the body of a request: JSON, and perhaps the bytes of tensors behind it."""

import re
from typing import Any, NamedTuple

import msgspec

from inference.compression import decompressed
from inference.protocol import InferRequest, ProtocolError, flag, shown
from inference.rows import rows_of
from inference.tensors import read_tensors
from pipeline.message_reader import count_values
from pipeline.table.schema import Schema
from schemas.base import TooMuchError
from schemas.predictions import max_body_bytes, max_body_values

MAX_DIGITS = 12
MAX_TIMEOUT = 10**12  # microseconds; a longer one may be no float
UNITS = ("raw", "scaled")
NO_JSON = re.compile(rb"-?(NaN|Infinity)")

_decoder = msgspec.json.Decoder(InferRequest)
_place = re.compile(r"byte (\d+)")


class Asks(NamedTuple):
    """A request that was read.

    `body` is as of POST /predict, not checked yet; `seconds` is infinite without a timeout.
    """

    request: InferRequest
    body: dict[str, Any]
    seconds: float
    is_partial: bool


def read(raw: bytes, encoding: str, header_length: str | None, schema: Schema) -> Asks:
    """Returns the request in a body; `header_length` tells how many bytes of it are JSON.

    Raises ProtocolError, and TooMuchError.
    """
    body = decompressed(raw, encoding, max_body_bytes(schema))
    end = len(body) if header_length is None else _length(header_length, len(body))
    max_values = max_body_values(schema)
    request = _request(body[:end], max_values)
    tensors = read_tensors(request.inputs, memoryview(body)[end:], max_values)
    rows, ids = rows_of(tensors, schema)
    asked: dict[str, Any] = {"data": rows} if ids is None else {"data": rows, "id": ids}
    parameters = request.parameters or {}
    if (units := parameters.get("units")) is not None:
        if units not in UNITS:
            raise ProtocolError(f'the parameter "units" is {shown(units)}: it is "raw" or "scaled"')
        asked["units"] = units
    return Asks(request, asked, _timeout(parameters), flag(parameters, "partial"))


def _length(text: str, whole: int) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    if not is_number or int(text) > whole:
        raise ProtocolError(
            f"the header Inference-Header-Content-Length is {shown(text)}: it is how many of the "
            f"body's {whole:,} bytes are JSON"
        )
    return int(text)


def _request(content: bytes, max_values: int) -> InferRequest:
    if (count := count_values(content, max_values)) > max_values:
        raise TooMuchError(f"the JSON has at most {max_values:,} values, not {count:,}")
    try:
        return _decoder.decode(content)
    except RecursionError as error:
        raise ProtocolError("lists or objects are nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProtocolError(_in_words(str(error), content)) from error


def _in_words(text: str, content: bytes) -> str:
    """Returns msgspec's error, and what to do about what is no JSON, or is left out."""
    found = _place.search(text)
    if found and (value := NO_JSON.match(content, int(found[1]))):
        return f"{value[0].decode()} is no JSON: a missing value is null"
    if not content:
        return "there is no JSON: the body begins with an object with the inputs"
    return f"the JSON is no request for inference: {text}"


def _timeout(parameters: dict[str, Any]) -> float:
    """Returns the timeout in seconds; it comes in microseconds, and 0 stands for none."""
    value = parameters.get("timeout")
    if value is None:
        return float("inf")
    if type(value) is not int or value < 0:
        raise ProtocolError(
            f'the parameter "timeout" is {shown(value)}: it is a whole number of microseconds'
        )
    return min(value, MAX_TIMEOUT) / 1e6 if value else float("inf")
