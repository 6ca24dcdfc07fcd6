"""Messages as the world sends them, and what is to become of each: a table.

VALUE in a body stands for a good value of the queue on which it is put.
"""

import bz2
import gzip
import json
import pickle
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from support.bad_properties import PROPERTIES, RAW_HEADERS
from support.hostile_ids import CHARACTER, REFUSED, TAKEN

STREAMS = ("features", "y_true", "y_pred")
LABELS = ("y_true", "y_pred")
GOOD_VALUES = {"features": b"[0,0,0,0,0,0,0,0,0,0]", "y_true": b"1", "y_pred": b"1"}


@dataclass(frozen=True)
class Case:
    """A message, the ids in it that are accepted, as JSON, and the bodies dead-lettered.

    A property `raw_headers` is a table of headers as it is on the wire, see bad_properties.
    """

    name: str
    template: bytes
    ids: tuple[bytes, ...]
    letters: tuple[bytes, ...]
    reason: str  # a part of what each dead letter says, or several parts of which each says one
    properties: dict[str, Any] = field(default_factory=dict)
    queues: tuple[str, ...] = STREAMS

    def explains(self, said: str) -> bool:
        return any(part in said for part in self.reason.split(" | "))

    def body(self, queue: str) -> bytes:
        return filled(self.template, queue)


def filled(template: bytes, queue: str) -> bytes:
    return template.replace(b"VALUE", GOOD_VALUES[queue])


def bad(name: str, template: bytes, reason: str, *queues: str) -> Case:
    """Dead-lettered as it is."""
    return Case(name, template, (), (template,), reason, queues=queues or STREAMS)


def good(name: str, template: bytes, *ids: bytes, **properties: Any) -> Case:
    """Accepted as it is."""
    return Case(name, template, ids, (), "", properties)


def on(queues: tuple[str, ...], case: Case) -> Case:
    return Case(case.name, case.template, case.ids, case.letters, case.reason, queues=queues)


def row(row_id: bytes, value: bytes = b"VALUE") -> bytes:
    return b'{"id":%b,"body":%b}' % (row_id, value)


ROW = row(b'"a"')

NOT_JSON = [
    bad("empty", b"", "the body is empty"),
    bad("blank", b" \r\n\t", "the body is empty"),
    bad("plain text", b"hello", "malformed: invalid character (byte 0), at 'hello'"),
    bad("XML", b"<id>a</id>", "looks like XML or HTML"),
    bad("CSV", b"id,body\na,1\n", "malformed"),
    bad("YAML", b"id: a\nbody: 1\n", "malformed"),
    bad("form", b"id=a&body=1", "malformed"),
    bad("single quotes", b"{'id':'a','body':VALUE}", "looks like a Python dict"),
    bad("no quotes", b"{id:1,body:VALUE}", "object keys must be strings"),
    bad("trailing comma", b'{"id":"a","body":VALUE,}', "trailing comma"),
    bad("missing comma", b'{"id":"a" "body":VALUE}', "expected ','"),
    bad("missing colon", b'{"id" "a","body":VALUE}', "malformed"),
    bad("line comment", b"// hello\n" + ROW, "at '// hello"),
    bad("block comment", b'{"id":"a",/* c */"body":VALUE}', "at '/* c */"),
    bad("two documents", ROW + ROW, "trailing characters"),
    bad("JSON lines", ROW + b"\n" + ROW, "trailing characters"),
    bad("comma between documents", ROW + b"," + ROW, "trailing characters"),
    bad("NUL behind it", ROW + b"\0", "trailing characters"),
    bad("only a NUL", b"\0", "looks like UTF-16"),
    bad("zeros", bytes(100), "looks like UTF-16 or UTF-32"),
    bad("high bytes", bytes(range(128, 256)), "not UTF-8: byte 0 is 0x80"),
    bad("JSON with padding", b"callback(" + ROW + b")", "malformed"),
    bad("line break in a string", b'{"id":"a","body":VALUE,"x":"\n"}', "invalid character"),
    bad("unknown escape", b'{"id":"a","body":VALUE,"x":"\\q"}', "invalid escaped character"),
    bad("half an escape", b'{"id":"a","body":VALUE,"x":"\\u12"}', "malformed"),
    bad("True", row(b'"a"', b"True"), "invalid character"),
    bad("None", row(b'"a"', b"None"), "invalid character"),
    bad("undefined", row(b'"a"', b"undefined"), "at 'undefine"),
]

ENCODINGS = [
    bad("byte order mark", b"\xef\xbb\xbf" + ROW, "JSON behind a byte order mark"),
    *(
        bad(name, row(b'"a"', b"1").decode().encode(name), "looks like UTF-")
        for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
    ),
    bad("UTF-7", b"+AHs-", "malformed"),
    bad("latin-1 id", '{"id":"é","body":VALUE}'.encode("latin-1"), "byte 7 is 0xe9"),
    bad("overlong slash in the id", row(b'"a\xc0\xaf"'), "byte 8 is 0xc0"),
    bad("overlong NUL", row(b'"a\xc0\x80"'), "not UTF-8"),
    bad("CESU surrogates", row(b'"\xed\xa0\xbd\xed\xb8\x80"'), "not UTF-8"),
    bad("beyond Unicode", row(b'"\xf4\x90\x80\x80"'), "not UTF-8"),
    bad("half a character", row(b'"\xe2\x82"'), "not UTF-8"),
    bad("bad bytes in a spare field", b'{"id":"a","body":VALUE,"x":"\xff"}', "not UTF-8"),
    bad("bad bytes in a spare name", b'{"id":"a","body":VALUE,"\xff":1}', "not UTF-8"),
    bad("bad bytes in a batch", b'{"id":["a","\xff"],"body":[VALUE,VALUE]}', "not UTF-8"),
]

TRUNCATED = [
    bad(f"cut off behind {start.decode()}", start, "Input data was truncated")
    for start in (b"{", b'{"', b'{"id"', b'{"id":', b'{"id":"a', b'{"id":"a"', b'{"id":"a",')
] + [
    bad("cut off in the body", b'{"id":"a","body":VALUE', "Input data was truncated"),
    bad("cut off in a batch", b'{"id":["a","b"],"body":[VALUE,', "Input data was truncated"),
    bad("cut off in a number", b'{"id":"a","body":1e', "malformed"),
    bad("cut off behind a bad id", b'{"id":"a,b","body":', "truncated"),
    bad("cut off behind a bad body", b'{"id":"a","body":[],', "truncated"),
    bad("malformed behind an object without a body", b'{"id":"a","X":1}x', "trailing characters"),
    bad("cut off in front", ROW[1:], "Expected `object`, got `str`"),
]

OTHER_FORMATS = [
    bad("gzip", gzip.compress(ROW, mtime=0), "looks like gzip"),
    *(bad(f"zlib {n}", zlib.compress(ROW, n), "looks like zlib") for n in (0, 6, 9)),
    bad("bzip2", bz2.compress(ROW), "looks like bzip2"),
    *(
        bad(f"pickle {n}", pickle.dumps({"id": "a", "body": 1.0}, n), "looks like a Python pickle")
        for n in (2, 3, 4, 5)
    ),
    bad("pickle 0", pickle.dumps({"id": "a"}, 0), "malformed"),
    bad("MessagePack", b"\x82\xa2id\xa1a\xa4body\x01", "looks like MessagePack"),
    bad("CBOR", b"\xa2\x62id\x61a\x64body\x01", "not UTF-8"),
    bad("protobuf", b"\x0a\x01a\x11\x9a\x99\x99\x99\x99\x99\xb9?", "not UTF-8"),
    bad("PNG", b"\x89PNG\r\n\x1a\n", "not UTF-8"),
    bad("base64", b"eyJpZCI6ImEiLCJib2R5IjoxfQ==", "malformed"),
]

KIB, MIB = 2**10, 2**20
DEEP = 100_000
NUMERAL = b"9" * 100_000

SIZES = [
    bad("row over 64 KiB", ROW + b" " * (64 * KIB), "a row of 65,"),
    bad("id of 100 kB", row(b'"' + b"x" * 100_000 + b'"'), "the most is 65,536"),
    bad("numeral of 100,000 digits", row(b'"a"', NUMERAL), "the most is 65,536"),
    bad("id of 100,000 digits", row(NUMERAL), "the most is 65,536"),
    bad("text over 64 KiB", b"x" * 65 * KIB, "malformed"),
    bad("a million ids", row(b"[" + b"0," * 10**6 + b"0]", b"[0]"), "values is too large"),
    bad("message over 4 MiB", b'{"id":["a"],"body":[VALUE]}' + b" " * (4 * MIB), "a message of 4,"),
    bad("spaces over 4 MiB", b" " * (4 * MIB + 1), "4,194,305 bytes is too large"),
    bad("zeros of 8 MiB", bytes(8 * MIB), "8,388,608 bytes is too large, the most is 4,194,304"),
    bad("nesting of 100,000", row(b'"a"', b"[" * DEEP + b"]" * DEEP), "nested too deep"),
    bad("nesting that does not end", row(b'"a"', b"[" * DEEP), "nested too deep"),
    bad("objects in objects", row(b'"a"', b'{"a":' * 10_000), "nested too deep"),
    bad("nested ids", row(b"[" * DEEP + b'"a"' + b"]" * DEEP), "nested too deep"),
    bad("nesting in a spare field", ROW[:-1] + b',"x":' + b"[" * 5_000, "nested too deep"),
    bad("nesting of 300", row(b'"a"', b"[" * 300 + b"]" * 300), "has 10 values | is no number"),
    bad(
        "batch of 5,001 rows",
        row(b"[" + b",".join([b"1"] * 5_001) + b"]", b"[" + b",".join([b"1"] * 5_001) + b"]"),
        "a batch of 5,001 rows is too large",
        *LABELS,
    ),
    good("row of 64 KiB", row(b'"kib64"') + b" " * (63 * KIB), b'"kib64"'),
    good("batch of 4 MiB", row(b'["mib4"]', b"[VALUE]") + b" " * (4 * MIB - 99), b'"mib4"'),
    good("long numeral in a spare field", b'{"id":"n","body":VALUE,"x":%b}' % NUMERAL[:60_000],
         b'"n"'),
    on(LABELS, good("long fraction", row(b'"f"', b"1." + b"0" * 60_000), b'"f"')),
]  # fmt: skip

SHAPES = [
    *(
        bad(
            f"only {name}",
            body,
            f'a message is {{"id": ..., "body": ...}}: Expected `object`, got `{kind}`',
        )
        for name, body, kind in [
            ("an empty list", b"[]", "array"),
            ("a list of rows", b"[" + ROW + b"]", "array"),
            ("a pair", b'["a",VALUE]', "array"),
            ("a number", b"5", "int"),
            ("a fraction", b"0.5", "float"),
            ("a string", b'"a"', "str"),
            (
                "JSON in a string",
                b'"{\\"id\\":1,\\"body\\":1}"',
                "str",
            ),
            ("null", b"null", "null"),
            ("a boolean", b"true", "bool"),
        ]
    ),
    bad("JSON in JSON", b'"{\\"id\\":1}"', "got `str`: JSON in a string, encoded twice"),
    bad("empty object", b"{}", "there is no 'id', and no other key"),
    bad("no id", b'{"body":VALUE}', "there is no 'id'"),
    bad("no body", b'{"id":"a"}', "there is no 'body'"),
    bad("no body in a batch", b'{"id":["a"]}', "there is no 'body'"),
    *(
        bad(
            f"{name} in the place of the body",
            b'{"id":"a","%b":VALUE}' % name.encode(),
            f"there is no 'body' beside 'id', '{name}': "
            'a message is {"id": ..., "body": ...}, and the body of a row is ',
        )
        for name in ("X", "value", "features", "y_pred")
    ),
    bad("other names", b'{"ID":"a","Body":VALUE}', "there is no 'id' beside 'ID', 'Body'"),
    bad("names of control characters", b'{"\\u001b[2J":1,"id":1}', r"beside '\x1b[2J', 'id'"),
    bad(
        "a hundred other names",
        b"{" + b",".join(b'"%d":1' % n for n in range(100)) + b"}",
        "there is no 'id' beside '0', '1', '2', '3', '4', '5', '6', '7' and 92 more",
    ),
    bad("name with a space", b'{"id ":"a","body":VALUE}', "there is no 'id'"),
    bad("wrapped", b'{"data":' + ROW + b"}", "there is no 'id'"),
    bad("body in an object", row(b'"a"', b'{"value":1}'), 'no column "value" | is no number'),
    bad("body in JSON in a string", row(b'"a"', b'"[0,0]"'), "a list of 10 values | is no number"),
    bad("body null", row(b'"a"', b"null"), "a list of 10 values | null is no number"),
    good("spare fields", b'{"v":1,"id":"spare","body":VALUE,"x":{"y":[null]}}', b'"spare"'),
    good("spaces", b' \n{ "id" : "spaces" ,\t"body" : VALUE }\r\n', b'"spaces"'),
    good("other order", b'{"body":VALUE,"id":"order"}', b'"order"'),
    good("escaped names", b'{"\\u0069d":"escaped","bod\\u0079":VALUE}', b'"escaped"'),
    good("a name twice, the last counts", b'{"id":"no","id":"yes","body":VALUE}', b'"yes"'),
    good("a body twice", b'{"id":"body2","body":VALUE,"body":VALUE}', b'"body2"'),
    bad("a bad id before a good one", b'{"id":"a,","id":"a","body":VALUE}', "is none"),
    bad("a bad id before one of another type", b'{"id":"a,","id":[],"body":VALUE}', "got `str`"),
    bad(
        "a bad body before another",
        b'{"id":"a","body":[1],"body":{}}',
        "age: missing | {} is no number",
    ),
    bad("a name twice, the first is bad", b'{"id":null,"id":"a","body":VALUE}', "got `null`"),
    bad("a name twice, batch and row", b'{"id":["a"],"id":"b","body":VALUE}', "got `array`"),
]

BAD_IDS = {
    **{name: (json.dumps(row_id).encode(), rule) for name, (row_id, rule) in REFUSED.items()},
    "60 kB": (b'"' + b"x" * 60_000 + b'"', "and not 60,000"),
    "formula with a pipe": (b"\"-cmd|'/C calc'!A0\"", CHARACTER),
    "sum": (b'"-SUM(A1)"', CHARACTER),
    "Windows path": (b'"C:\\\\a"', CHARACTER),
    "SQL": (b'"a\'); DROP TABLE joined;--"', CHARACTER),
    "template": (b'"{{7*7}}"', CHARACTER),
    "routing key": (b'"#"', CHARACTER),
    "zero-width space": ('"a\u200bb"'.encode(), "U+200B"),
    "combining accent": ('"e\u0301"'.encode(), "U+0301"),
    "escaped emoji": (b'"\\ud83d\\ude00"', "U+1F600"),
    "byte order mark": ('"\ufeffa"'.encode(), "U+FEFF"),
    "64 digits": (b"9" * 64, "whole number has at most 63 digits"),
    "-64 digits": (b"-" + b"9" * 64, "whole number has at most 63 digits"),
}
UNREADABLE_IDS = {
    "lone surrogate": (b'"\\ud800"', "malformed"),
    "reversed surrogates": (b'"\\ude00\\ud83d"', "malformed"),
    "true": (b"true", "got `bool`"),
    "null": (b"null", "got `null`"),
    "object": (b'{"a":1}', "got `object`"),
    "NaN": (b"NaN", "at 'NaN,"),
    "-Infinity": (b"-Infinity", "malformed"),
    "1e400": (b"1e400", "Number out of range - at `$.id`"),
    "-1e400": (b"-1e400", "Number out of range - at `$.id`"),
    "5,000 digits": (b"9" * 5_000, "whole number has at most 63 digits"),
    "leading zero": (b"007", "invalid number"),
    "hexadecimal": (b"0x1F", "malformed"),
    "underscore in a number": (b"1_000", "malformed"),
}
GOOD_IDS = {
    **{name: json.dumps(row_id).encode() for name, row_id in TAKEN.items()},
    "64 characters": b'"' + b"y" * 64 + b'"',
    "escaped letter": b'"\\u0041bc"',
    "a number as a string": b'"12"',
    "number": b"7",
    "-0": b"-0",
    "negative": b"-7",
    "time": b"1700000000.25",
    "the same number, otherwise": b"12.0",
    "beyond 64 bits": b"18446744073709551616",
    "63 digits": b"9" * 63,
    "1e308": b"1e308",
    "smallest": b"5e-324",
    "too small": b"1e-400",
    "rounded": b"0.1000000000000000055511151231257827",
}

IDS = [
    *(bad(f"id: {name}", row(row_id), rule) for name, (row_id, rule) in BAD_IDS.items()),
    *(bad(f"id: {name}", row(row_id), why) for name, (row_id, why) in UNREADABLE_IDS.items()),
    *(good(f"id: {name}", row(row_id), row_id) for name, row_id in GOOD_IDS.items()),
]

NO_NUMBERS = {
    "NaN": (b"NaN", ": JSON has no NaN and no Infinity"),
    "nan": (b"nan", "malformed"),
    "Infinity": (b"Infinity", "Infinity"),
    "-Infinity": (b"-Infinity", "at 'Infinity"),
    "1e400": (b"1e400", ": a number out of range"),
    "-1e400": (b"-1e400", ": a number out of range"),
    "500 digits": (b"9" * 500, ": a number out of range"),
    "true": (b"true", ": true is no number"),
    "null": (b"null", "s6: missing | : null is no number"),
    "string": (b'"1"', ': "1" is no number'),
    "empty string": (b'""', ': "" is no number'),
    "string NaN": (b'"NaN"', ': "NaN" is no number'),
    "decimal comma": (b'"1,5"', ': "1,5" is no number'),
    "object": (b"{}", ": {} is no number"),
    "+1": (b"+1", "at '+1"),
    ".5": (b".5", "at '.5"),
    "1.": (b"1.", "invalid number"),
    "1e": (b"1e", "malformed"),
    "01": (b"01", "invalid number"),
    "0x1": (b"0x1", "malformed"),
    "1_0": (b"1_0", "malformed"),
    "1,5": (b"1,5", "malformed"),
}


def ten(value: bytes) -> bytes:
    return b"[0,0,0,0,0,0,0,0,0,%b]" % value


def number_cases() -> Iterator[Case]:
    for name, (number, why) in NO_NUMBERS.items():
        yield bad(f"label: {name}", row(b'"a"', number), why, *LABELS)
        if name != "1,5":  # eleven numbers
            yield bad(f"feature: {name}", row(b'"a"', ten(number)), why, "features")
    for number in (b"1e308", b"-1e308", b"5e-324", b"-0.0", b"0", b"1E+2", b"1e-400", b"9" * 300):
        name = f"label: {number[:9].decode()}"
        row_id = b'"v%b"' % number[:9].replace(b"+", b"")
        yield on(LABELS, good(name, row(row_id, number), row_id))
        if abs(float(number)) < 1e200:
            yield on(("features",), good("as a " + name, row(row_id, ten(number)), row_id))


FEATURE_LISTS = [
    *(
        bad(f"{count} features", row(b'"a"', b"[" + b",".join([b"1"] * count) + b"]"), why,
            "features")
        for count, why in ((n, f"and not {n}") for n in (0, 1, 9, 11, 999))
    ),
    bad("features by name", row(b'"a"', b'{"age":1,"sex":2}'), "bmi: missing", "features"),
    bad("features in a list", row(b'"a"', b"[VALUE]"), "a row has 10 values", "features"),
    bad("a label on features", row(b'"a"', b"151.0"), "a list of 10 values", "features"),
    bad("features on a label's queue", row(b'"a"', ten(b"1")), "is no number", *LABELS),
    bad("a label in a list", row(b'"a"', b"[1]"), "[1] is no number", *LABELS),
    bad("features too large to predict", row(b'"a"', b"[" + b",".join([b"1e308"] * 10) + b"]"),
        "too large, the most is 1e+100", "features"),
    Case("a batch of labels on features", row(b'["a","b"]', b"[1,2]"), (),
         (row(b'"a"', b"1"), row(b'"b"', b"2")), "a list of 10 values", queues=("features",)),
]  # fmt: skip


def spoiled(name: str, row_id: bytes, value: bytes, reason: str) -> Case:
    """A batch of which only the second row is bad."""
    first, last = (f'"{name}-{end}"'.replace(" ", "_").encode() for end in ("first", "last"))
    ids, values = b",".join((first, row_id, last)), b"VALUE," + value + b",VALUE"
    template = row(b"[" + ids + b"]", b"[" + values + b"]")
    return Case(f"batch: {name}", template, (first, last), (row(row_id, value),), reason)


BATCHES = [
    good("batch", row(b'["b1","b2",3]', b"[VALUE,VALUE,VALUE]"), b'"b1"', b'"b2"', b"3"),
    good("batch of one row", row(b'["b4"]', b"[VALUE]"), b'"b4"'),
    good("batch with one id twice", row(b'["b5","b5"]', b"[VALUE,VALUE]"), b'"b5"', b'"b5"'),
    spoiled("null", b'"x"', b"null", "a list of 10 values | null is no number"),
    spoiled("a string", b'"x"', b'"1"', 'a list of 10 values | "1" is no number'),
    spoiled("out of range", b'"x"', b"1e400", "a number out of range | a list of 10 values"),
    spoiled("bad id", b'"a,b"', b"VALUE", "and not ','"),
    spoiled("id null", b"null", b"VALUE", "got `null`"),
    spoiled("id of 64 digits", b"9" * 64, b"VALUE", "at most 63 digits"),
    spoiled("id of 5000 digits", b"9" * 5_000, b"VALUE", "at most 63 digits"),
    spoiled("large row", b'"' + b"x" * 70_000 + b'"', b"VALUE", "a row of 70,"),
    spoiled("batch in a batch", b'["x","y"]', b"[1,2]", "got `array`"),
    bad("batch without rows", row(b"[]", b"[]"), "at least 1: 0 ids, 0 values"),
    bad("batch with more ids", row(b'["a","b"]', b"[VALUE]"), "2 ids, 1 values"),
    bad("batch with more values", row(b'["a"]', b"[VALUE,VALUE]"), "1 ids, 2 values"),
    bad("batch with a body of no list", row(b'["a"]', b"1"), "in a batch both are lists"),
    bad("batch with NaN", row(b'["a","b"]', b"[VALUE,NaN]"), "NaN"),
    bad("batch with trailing comma", row(b'["a",]', b"[VALUE]"), "trailing comma"),
    bad("ids in an object", row(b'{"0":"a"}', b'{"0":VALUE}'), "got `object`"),
]

REPEATS = [
    good("first", row(b'"twice"'), b'"twice"'),
    good("repeated", row(b'"twice"'), b'"twice"'),
    bad("another label", row(b'"twice"', b"2"), "this id already has another label: 1", "y_true"),
    bad("another prediction", row(b'"twice"', b"2"), "this id was used before", "y_pred"),
    on(("y_pred",), good("the same but for rounding", row(b'"twice"', b"1.0001"), b'"twice"')),
    good("first number", row(b"55"), b"55"),
    good("the same number", row(b"55.0"), b"55.0"),
    good("the same number as a string", row(b'"55"'), b'"55"'),
    bad("another label of the number", row(b'"55"', b"3"), "another label: 1", "y_true"),
    Case("another label in a batch", row(b'["new","twice"]', b"[1,2]"), (b'"new"',),
         (row(b'"twice"', b"2.0"),), "another label: 1", queues=("y_true",)),
    Case("two labels in a batch", row(b'["two","two"]', b"[1,2]"), (b'"two"',),
         (row(b'"two"', b"2.0"),), "another label: 1", queues=("y_true",)),
]  # fmt: skip


def property_cases() -> Iterator[Case]:
    for number, (name, properties) in enumerate(PROPERTIES):
        row_id = b'"property-%d"' % number
        yield Case(name, row(row_id), (row_id,), (), "", properties)
        if number % 3 == 0:
            yield Case(f"{name}, bad body", ROW + b"x", (), (ROW + b"x",), "trailing", properties)
    for number, (name, table) in enumerate(RAW_HEADERS.items()):
        row_id = b'"header-%d"' % number
        yield Case(f"headers: {name}", row(row_id), (row_id,), (), "", {"raw_headers": table})


CASES = [
    *NOT_JSON, *ENCODINGS, *TRUNCATED, *OTHER_FORMATS, *SIZES, *SHAPES, *IDS, *number_cases(),
    *FEATURE_LISTS, *BATCHES, *REPEATS, *property_cases(),
]  # fmt: skip
