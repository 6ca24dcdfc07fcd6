"""Checks the messages of the queue `train`: Celery gets only those that cannot harm it.

It trusts every message. An id that is not text crashes its worker, again at each start; a
task for the year 2099 keeps all others waiting; a compressed one may unpack to any size.
"""

import logging
from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from celery.worker.consumer import Consumer
from kombu import compression
from msgspec import Meta

from pipeline.training import TASK

log = logging.getLogger(__name__)

MAX_BYTES = 2**20  # as many as the gateway allows in a request
SHOWN_CHARACTERS = 300

Body = tuple[tuple[dict[str, Any]], dict[str, Any], dict[str, Any]]  # args, kwargs, embedded tasks


class Headers(msgspec.Struct, frozen=True):
    """The headers that the gateway's Celery sends; no others are accepted."""

    id: Annotated[str, Meta(min_length=1, max_length=128)]
    task: Literal["train"]
    argsrepr: Annotated[str, Meta(max_length=2**16)] = ""  # for Flower
    origin: Annotated[str, Meta(max_length=256)] = ""
    eta: None = None
    expires: None = None
    timelimit: tuple[None, None] | None = None


class TaskMessageConsumer(Consumer):  # type: ignore[misc]
    """Celery's consumer, which sees only messages of the form that a gateway sends."""

    def create_task_handler(self, *arguments: Any, **options: Any) -> Callable[[Any], None]:
        take = super().create_task_handler(*arguments, **options)

        def on_message(message: Any) -> None:
            try:
                message.headers = checked(message)
            except Exception as error:  # the message may be anything
                shown = f"{message.headers!r} {message.body!r}"[:SHOWN_CHARACTERS]
                log.error("rejected a message of the queue %s: %s: %s", TASK, error, shown)
                message.reject_log_error(log, self.connection_errors)
            else:
                take(message)

        return on_message


def checked(message: Any) -> dict[str, Any]:
    """Returns the headers for Celery. Raises an exception if no gateway sends such a message."""
    if (size := len(message.body)) > MAX_BYTES:
        raise ValueError(f"it has {size:,} bytes, the most is {MAX_BYTES:,}")
    headers = msgspec.convert(message.headers, Headers)
    _, more, embedded = msgspec.convert(message.payload, Body)
    if more or any(embedded.values()):
        raise ValueError("it has more than its one argument: Celery's chains are not taken")
    return {
        "lang": "py",
        "task": headers.task,
        "id": headers.id,
        "root_id": headers.id,
        "argsrepr": headers.argsrepr,
        "origin": headers.origin,
        "retries": 0,
    }


def refuse_compressed() -> None:
    """Makes this process refuse compressed messages as unreadable."""

    def refuse(_: Any) -> Any:
        raise ValueError("compressed messages are not taken")

    for content_type in compression.encoders():
        compression.register(refuse, refuse, content_type)
