"""The nodes of AMQP_URL in the client library's form, and its errors in plain words."""

import pika

from pipeline.errors import SettingsError
from pipeline.settings import BrokerSettings

HEARTBEAT_SECONDS = 15
HANDSHAKE_SECONDS = 15.0  # for TCP, TLS and AMQP together


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
    """Returns the innermost of the client library's nested errors: the one that helps a person."""
    inner = error
    while True:
        causes = [*getattr(inner, "exceptions", []), getattr(inner, "exception", None), *inner.args]
        nested = [cause for cause in causes if isinstance(cause, BaseException)]
        if not nested:
            return str(inner) or type(inner).__name__
        inner = nested[-1]
