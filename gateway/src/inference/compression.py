"""Compresses and decompresses bodies, as HTTP names it."""

import gzip
import zlib

from inference.protocol import ProtocolError, shown
from schemas.base import TooMuchError

LEVEL = 1  # of 9: numbers hardly become shorter with more
MIN_BYTES = 1000  # of a body that is worth it
EITHER = 32 + zlib.MAX_WBITS  # gzip, or deflate with the head of zlib
KNOWN = ("gzip", "deflate")


def decompressed(body: bytes, encoding: str, max_bytes: int) -> bytes:
    """Returns the body that a client sent; never makes more than `max_bytes` + 1 of it.

    Raises ProtocolError for what is not compressed so, and TooMuchError.
    """
    if encoding.strip().lower() in {"", "identity"}:
        return body
    if encoding.strip().lower() not in KNOWN:
        raise ProtocolError(
            f"the body came with Content-Encoding {shown(encoding)}: send it with gzip, deflate, "
            "or as it is"
        )
    reader = zlib.decompressobj(EITHER)
    try:
        content = reader.decompress(body, max_bytes + 1)
    except zlib.error as error:
        raise ProtocolError(
            f"the body is not compressed with {encoding.strip()}, as its Content-Encoding says: "
            f"{error}"
        ) from error
    if len(content) > max_bytes:
        raise TooMuchError(f"a body has at most {max_bytes:,} bytes when it is decompressed")
    if not reader.eof or reader.unused_data:
        what = "something follows" if reader.eof else "it breaks off before"
        raise ProtocolError(f"the body is compressed, and {what} its end")
    return content


def encoding_for(accepted: str) -> str:
    """Returns the first encoding known here that a client accepts; an empty text for none.

    >>> encoding_for("br, gzip;q=0.5"), encoding_for("gzip;q=0, deflate"), encoding_for("")
    ('gzip', 'deflate', '')
    """
    for each in accepted.lower().split(","):
        name, _, weight = each.partition(";")
        is_refused = weight.replace(" ", "").rstrip("0.") == "q="
        if name.strip() in KNOWN and not is_refused:
            return name.strip()
    return ""


def compressed(content: bytes, encoding: str) -> bytes:
    """Returns the content with this one of the encodings."""
    if encoding == "gzip":
        return gzip.compress(content, LEVEL, mtime=0)
    return zlib.compress(content, LEVEL)
