"""The nodes of AMQP_URL in the client library's form, and its errors in plain words."""

import re

import pika

from pipeline.errors import SettingsError
from pipeline.settings import BrokerSettings

HEARTBEAT_SECONDS = 15
HANDSHAKE_SECONDS = 15.0  # for TCP, TLS and AMQP together
_NO_VHOST = re.compile(r"NOT_ALLOWED - vhost (\S+) not found")


def connection_parameters(settings: BrokerSettings, name: str) -> list[pika.URLParameters]:
    """Returns for each URL the parameters of a connection that the broker will list as `name`.

    They include the URL's options. Raises SettingsError if the client cannot use a URL.
    """
    return [_parameters(url, name) for url in settings.amqp_urls]


def _parameters(url: str, name: str) -> pika.URLParameters:
    try:
        parameters = pika.URLParameters(url)
    except (TypeError, ValueError, SyntaxError) as error:
        raise SettingsError(f"AMQP_URL is not accepted: {error}") from error
    parameters.heartbeat = HEARTBEAT_SECONDS
    parameters.stack_timeout = HANDSHAKE_SECONDS
    parameters.client_properties = {"connection_name": name}
    return parameters


def address(node: pika.URLParameters) -> str:
    """Returns the address for the log: without user and password."""
    return f"{node.host}:{node.port}"


def explain(error: BaseException) -> str:
    """Returns the innermost of the client library's nested errors: the one that helps a person.

    That there is no virtual host comes with the cure.

    >>> explain(OSError("(530) 'NOT_ALLOWED - vhost houses not found'"))[-61:]
    "rabbitmqctl set_permissions -p houses USER '.*' '.*' '.*'` do"
    """
    text = _innermost(error)
    if found := _NO_VHOST.search(text):
        name = found[1].strip("'")
        return (
            f"{text}: in containers `docker compose up -d` makes it, elsewhere `rabbitmqctl "
            f"add_vhost {name}` and `rabbitmqctl set_permissions -p {name} USER '.*' '.*' '.*'` do"
        )
    return text


def _innermost(error: BaseException) -> str:
    inner = error
    while True:
        causes = [*getattr(inner, "exceptions", []), getattr(inner, "exception", None), *inner.args]
        nested = [cause for cause in causes if isinstance(cause, BaseException)]
        if not nested:
            return str(inner) or type(inner).__name__
        inner = nested[-1]
