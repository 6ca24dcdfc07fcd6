"""The description of the queues, and a check of bodies by its schemas."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from pipeline.asyncapi.document import document
from pipeline.table.schema import Schema


def _pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[jsonschema.ValidationError]:
    r"""Checks a pattern as JavaScript does, whose `$` is Python's `\Z`: JSON Schema means that."""
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield jsonschema.ValidationError(f"{value!r} does not match {pattern!r}")


Validator: Any = jsonschema.validators.extend(jsonschema.Draft7Validator, {"pattern": _pattern})


class Described:
    """The document of a data set."""

    def __init__(self, schema: Schema) -> None:
        self.document = document(schema)
        self.messages: dict[str, Any] = self.document["components"]["messages"]
        resource = Resource.from_contents(self.document, default_specification=DRAFT7)
        self._registry: Any = Registry().with_resource("urn:document", resource)

    def takes(self, message: str, part: str, value: Any) -> bool:
        """Returns True if the schema of a message's payload, headers or x-properties takes it."""
        pointer = f"urn:document#/components/messages/{message}/{part}"
        validator = Validator({"$ref": pointer}, registry=self._registry)
        return bool(validator.is_valid(value))

    def takes_body(self, message: str, raw: bytes) -> bool:
        """Returns True if a body as it came is JSON, and right for a message of this kind."""
        try:
            body = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        is_batch = isinstance(body, dict) and isinstance(body.get("id"), list)
        return self.takes(f"{message}Batch" if is_batch else message, "payload", body)
