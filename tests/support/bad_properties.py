"""Properties and headers that no good sender would give to a message; its body alone counts."""

from decimal import Decimal
from typing import Any

import pika.spec


class RawHeaders(pika.spec.BasicProperties):
    """Properties with headers that the client library would not write."""

    def __init__(self, raw_table: bytes) -> None:
        super().__init__(headers={})
        self._raw_table = raw_table

    def encode(self) -> list[bytes]:
        """As super(), for headers alone."""
        flags = self.FLAG_HEADERS.to_bytes(2, "big")
        return [flags, len(self._raw_table).to_bytes(4, "big"), self._raw_table]


def deep_table(depth: int) -> bytes:
    """Tables in tables."""
    table = b""
    for _ in range(depth):
        table = b"\x01aF" + len(table).to_bytes(4, "big") + table
    return table


def headers(name: str, table: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return f"headers: {name}", {"headers": table}


PROPERTIES: list[tuple[str, dict[str, Any]]] = [
    ("no properties", {}),
    headers("none", {}),
    headers("a forged x-death", {"x-death": [{"queue": "y_true", "count": 2**62, "time": None}]}),
    headers("an x-death that is no list", {"x-death": "often"}),
    headers("a forged x-source-queue", {"x-source-queue": "other", "x-reason": "none"}),
    headers("time as a string", {"timestamp_in_ms": "now"}),
    headers("time as a fraction", {"timestamp_in_ms": Decimal("1.5")}),
    headers("time as a boolean", {"timestamp_in_ms": True}),
    headers("time huge", {"timestamp_in_ms": 2**63 - 1, "features_timestamp_in_ms": 2**62}),
    headers("time negative", {"timestamp_in_ms": -1, "features_timestamp_in_ms": -(2**63)}),
    headers("time as a table", {"timestamp_in_ms": {"a": [1, {}]}}),
    headers("time as a list", {"features_timestamp_in_ms": [1, 2, 3]}),
    headers("time null", {"timestamp_in_ms": None, "features_timestamp_in_ms": None}),
    headers("time as bytes", {"timestamp_in_ms": b"\xff\xfe"}),
    headers("names of no characters", {"": 1, "\0": 2, "é" * 127: 3}),
    headers("100 kB", {"x": "y" * 100_000}),
    headers("5,000 of them", {f"h{i}": i for i in range(5_000)}),
    headers("lists in lists", {"x": [[[[[[[[[[]]]]]]]]]]}),
    ("wrong content_type", {"content_type": "application/x-python-pickle"}),
    ("wrong content_encoding", {"content_encoding": "gzip"}),
    ("content_type that is no text", {"content_type": b"\xff\xfe\0"}),
    ("expiration", {"expiration": "60000"}),
    ("priority", {"priority": 255}),
    ("transient", {"delivery_mode": 1}),
    ("timestamp huge", {"timestamp": 2**64 - 1}),
    ("type, app and message id", {"type": "\n", "app_id": "=1+1", "message_id": "x" * 255}),
    ("cluster_id", {"cluster_id": "\0"}),
    ("reply_to nowhere", {"reply_to": "no-such-queue", "correlation_id": "1"}),
    ("reply_to without correlation_id", {"reply_to": "no-such-queue"}),
    ("reply_to empty", {"reply_to": "", "correlation_id": ""}),
    ("reply_to one of ours", {"reply_to": "features", "correlation_id": "é" * 127}),
    ("reply_to that is no text", {"reply_to": b"\xff\xfe", "correlation_id": b"\xff\0"}),
    ("reply_to with a wildcard", {"reply_to": "#.*", "correlation_id": "\r\n"}),
]
RAW_HEADERS = {
    "time in ms as a time": b"\x01tT" + (1_700_000_000_000).to_bytes(8, "big"),
    "time of all ones": b"\x01tT" + b"\xff" * 8,
    "text that is no text": b"\x0ftimestamp_in_msS\0\0\0\x02\xff\xfe",
    "name that is no text": b"\x02\xff\xfeV",
    "name twice": b"\x01at\x01\x01at\x00",
    "all kinds of numbers": b"\x01ab\xff\x01bs\xff\xff\x01cd" + bytes(8) + b"\x01df" + bytes(4),
    "decimal with 255 places": b"\x01aD\xff\xff\xff\xff\xff",
    "tables, 1,000 deep": deep_table(1_000),
    "tables, 15,000 deep": deep_table(15_000),
}
