"""The whole document: what flows through the queues of a data set, and between whom."""

from typing import Any

import msgspec

from pipeline.asyncapi.channels import channels
from pipeline.asyncapi.messages import messages
from pipeline.asyncapi.operations import operations
from pipeline.asyncapi.payloads import schemas
from pipeline.queues import edge
from pipeline.table.built_in import DIABETES
from pipeline.table.schema import Schema

VERSION = "0.1.0"

_ABOUT = f"""
Rows, labels and predictions as they flow through RabbitMQ. The channels `{edge("NAME")}` are
exchanges, to which to publish; `NAME` is the queue of each, from which to read, and to which
anybody may publish by its name.

`x-arguments` and `x-bound-to` are what AsyncAPI's binding for AMQP has no words for; with
QUEUE_TYPE=quorum each queue is a quorum queue besides. `x-properties` are the AMQP properties of a
message, and `$message.header` in a location means these. A message needs only the headers that are
required: ours have the others, too.

A body is UTF-8 JSON. The schemas say all that JSON Schema can; beyond them a body has a limit in
bytes (`x-max-bytes`), a batch has as many values as ids, and probabilities sum to 1. What breaks a
rule becomes a dead letter; of a batch only the rows that do.

There are no CloudEvents: their binding is for AMQP 1.0, and message_id, timestamp and app_id say
the same.
"""


def document(schema: Schema) -> dict[str, Any]:
    """Returns the description of a data set's queues: plain data, AsyncAPI 3.1."""
    vhost = "/" if schema.name == DIABETES else schema.name
    title = schema.title or schema.name
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": f"Queues of the pipeline: {title}",
            "version": VERSION,
            "description": _ABOUT.strip(),
            "license": {"name": "MIT"},
            "tags": [{"name": schema.name}],
        },
        "defaultContentType": "application/json",
        "servers": {"rabbitmq": _server(vhost)},
        "channels": channels(vhost),
        "operations": operations(),
        "components": {
            "schemas": schemas(schema),
            "messages": messages(schema),
            "correlationIds": {"CorrelationId": {"location": "$message.header#/correlation_id"}},
            "securitySchemes": {"user": {"type": "userPassword"}},
        },
    }


def document_json(schema: Schema) -> bytes:
    """Returns the document as it is printed and served: JSON, UTF-8, indented."""
    return msgspec.json.format(msgspec.json.encode(document(schema)), indent=2) + b"\n"


def _server(vhost: str) -> dict[str, Any]:
    return {
        "host": "localhost:5672",
        "pathname": "/%2F" if vhost == "/" else f"/{vhost}",
        "protocol": "amqp",
        "protocolVersion": "0.9.1",
        "description": "RabbitMQ, as Compose and `make run` start it; AMQP_URL says where it is.",
        "security": [{"$ref": "#/components/securitySchemes/user"}],
    }
