"""Who may do what at the broker: as it lists it, and as it holds."""

import urllib.error
from collections.abc import Callable
from typing import Any

import pika
import pytest
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import (
    ChannelClosedByBroker,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
)

from compose.stack import Stack

NOTHING = "^$"
ALL = (".*", ".*", ".*")
PERMISSIONS = {  # configure, write, read
    "admin": ALL,
    "features": (NOTHING, r"^(edge\.features|edge\.y_true|delay\.y_true)$", NOTHING),
    "model": (
        r"^amq\.gen-.*$",  # a queue of its own, to hear of changes
        # replies: model-by-id answers there; edge.y_pred leads to it anyway
        r"^(edge\.y_pred|edge\.y_pred_shadow|edge\.dead_letters|replies|amq\.gen-.*)$",
        r"^(features|features\.by_model|changes|amq\.gen-.*)$",
    ),
    "metric": (NOTHING, r"^edge\.dead_letters$", "^(y_true|y_pred|y_pred_shadow)$"),
    "plot": (NOTHING, NOTHING, NOTHING),
    "gateway": (
        NOTHING,
        r"^(edge\.features|edge\.features\.by_model|edge\.y_true|edge\.dead_letters|changes)$",
        "^answers$",
    ),
}  # fmt: skip
OF_TRAININGS = {  # in the virtual host of that name
    "admin": ALL,
    "plot": (NOTHING, NOTHING, NOTHING),  # for Flower, which looks at queues as plot
    "gateway": ("^train$", "^train$", "^train$"),
    "trainer": ALL,
}
MAY_WRITE = {
    "features": {"edge.features", "edge.y_true", "delay.y_true"},
    "model": {"edge.y_pred", "edge.y_pred_shadow", "edge.dead_letters", "replies"},
    "metric": {"edge.dead_letters"},
    "plot": set(),
    "gateway": {
        "edge.features",
        "edge.features.by_model",
        "edge.y_true",
        "edge.dead_letters",
        "changes",
    },
}
MAY_READ = {
    "features": set(),
    "model": {"features", "features.by_model"},
    "metric": {"y_true", "y_pred", "y_pred_shadow"},
    "plot": set(),
    "gateway": {"answers"},
}
MAX_BYTES = 4 * 2**20


@pytest.fixture(scope="module", autouse=True)
def _up(stack: Stack) -> None:
    stack.configure()
    stack.up()


def refusal(connection: pika.BlockingConnection, action: Callable[[BlockingChannel], Any]) -> int:
    """The code with which the broker refuses; 0 if it does not."""
    channel = connection.channel()
    channel.confirm_delivery()
    try:
        action(channel)
    except ChannelClosedByBroker as refused:
        return refused.reply_code
    channel.close()
    return 0


def status(stack: Stack, path: str, **options: Any) -> int:
    """The status with which the management API answers."""
    try:
        stack.manage(path, **options)
    except urllib.error.HTTPError as error:
        return error.code
    return 200


def test_the_broker_lists_these_users_and_permissions(stack: Stack) -> None:
    found: dict[str, dict[str, tuple[str, ...]]] = {"/": {}, "training": {}}
    for each in stack.manage("permissions"):
        found[each["vhost"]][each["user"]] = (each["configure"], each["write"], each["read"])
    assert found == {"/": PERMISSIONS, "training": OF_TRAININGS}
    tags = {user["name"]: user["tags"] for user in stack.manage("users") if user["tags"]}
    assert tags == {"admin": ["administrator"], "plot": ["monitoring"]}
    assert {user["name"] for user in stack.manage("users")} == {*PERMISSIONS, "trainer"}
    assert {vhost["name"] for vhost in stack.manage("vhosts")} == {"/", "training"}
    assert not stack.manage("topic-permissions")


@pytest.mark.parametrize("user", MAY_WRITE)
def test_a_service_publishes_only_to_its_exchanges(stack: Stack, user: str) -> None:
    others = {each["name"] for each in stack.manage("exchanges/%2F")} - MAY_WRITE[user]
    assert {"", "edge.y_pred", "edge.y_true", "edge.features"} - MAY_WRITE[user] <= others
    with stack.connect(user) as connection:
        for name in others:  # "" is the default exchange, which reaches every queue
            assert refusal(connection, lambda c: c.basic_publish(name, "y_true", b"")) == 403, name  # noqa: B023


@pytest.mark.parametrize("user", MAY_READ)
def test_a_service_reads_only_its_queues(stack: Stack, user: str) -> None:
    listed = stack.manage("queues/%2F")  # without those that are of one connection alone
    others = {each["name"] for each in listed if not each["exclusive"]} - MAY_READ[user]
    assert {"features", "y_true", "y_pred", "dead_letters"} - MAY_READ[user] <= others
    with stack.connect(user) as connection:
        for name in others:
            for read in (
                lambda c: c.basic_get(name),  # noqa: B023
                lambda c: c.basic_consume(name, print),  # noqa: B023
                lambda c: c.queue_purge(name),  # noqa: B023
            ):
                assert refusal(connection, read) == 403, name


CONFIGURE: dict[str, Callable[[BlockingChannel], Any]] = {
    "declare a queue": lambda c: c.queue_declare("own"),
    "declare a queue without a name": lambda c: c.queue_declare("", exclusive=True),
    "declare an exchange": lambda c: c.exchange_declare("own"),
    "bind": lambda c: c.queue_bind("features", "edge.y_pred"),
    "unbind": lambda c: c.queue_unbind("features", "edge.features", "features"),
    "delete a queue": lambda c: c.queue_delete("features"),
    "delete an exchange": lambda c: c.exchange_delete("edge.features"),
}


@pytest.mark.parametrize("user", MAY_WRITE)
def test_nobody_but_admin_changes_the_topology(stack: Stack, user: str) -> None:
    with stack.connect(user) as connection:
        refusals = {what: refusal(connection, action) for what, action in CONFIGURE.items()}
    allowed = {"declare a queue without a name": 0} if user == "model" else {}
    assert refusals == dict.fromkeys(CONFIGURE, 403) | allowed


def test_admin_does(stack: Stack) -> None:
    with stack.connect() as connection:
        assert not refusal(connection, lambda c: c.queue_declare("own"))
        assert not refusal(connection, lambda c: c.queue_bind("own", "edge.y_true"))
        assert not refusal(connection, lambda c: c.queue_delete("own"))


def test_trainings_are_the_business_of_gateway_and_trainer_alone(stack: Stack) -> None:
    for user, vhost in (("trainer", "%2F"), ("features", "training"), ("model", "training")):
        with pytest.raises(ProbableAccessDeniedError):
            stack.connect(user, vhost=vhost)
    own: dict[str, Callable[[BlockingChannel], Any]] = {
        "declare": lambda c: c.queue_declare("own"),
        "publish": lambda c: c.basic_publish("", "train", b""),  # also to others' queues
        "read": lambda c: c.basic_get("celeryev.own"),
    }
    with stack.connect("gateway", vhost="training") as connection:
        refusals = {what: refusal(connection, action) for what, action in own.items()}
    assert refusals == dict.fromkeys(own, 403)
    with stack.connect("trainer", vhost="training") as connection:
        assert not refusal(connection, lambda c: c.queue_declare("own", exclusive=True))


def test_plot_looks_and_does_no_more(stack: Stack) -> None:
    names = {queue["name"] for queue in stack.manage("queues", user="plot")}
    assert {"features", "y_true", "y_pred", "dead_letters"} <= names
    message = {"routing_key": "", "payload": "", "payload_encoding": "string", "properties": {}}
    get = {"count": 1, "ackmode": "ack_requeue_false", "encoding": "auto"}
    for path, method, body in (
        ("exchanges/%2F/edge.y_true/publish", "POST", message),
        ("queues/%2F/dead_letters/get", "POST", get),
        ("queues/%2F/dead_letters", "DELETE", None),
        ("queues/%2F/own", "PUT", {}),
        ("users/own", "PUT", {"password": "own", "tags": "administrator"}),
        ("permissions/%2F/plot", "PUT", {"configure": ".*", "write": ".*", "read": ".*"}),
    ):
        refused = status(stack, path, user="plot", method=method, body=body)
        assert refused in (400, 401, 403), path


@pytest.mark.parametrize("user", ["features", "model", "metric", "gateway", "trainer"])
def test_the_other_services_have_no_business_at_the_management_page(
    stack: Stack, user: str
) -> None:
    assert status(stack, "overview", user=user) == 401


def test_there_is_no_guest(stack: Stack) -> None:
    assert status(stack, "overview", user="guest") == 401
    with pytest.raises(ProbableAuthenticationError):
        stack.connect("guest")


def test_a_guest_that_an_earlier_version_left_is_refused(stack: Stack) -> None:
    stack.manage("users/guest", method="PUT", body={"password": "guest", "tags": "administrator"})
    everything = {"configure": ".*", "write": ".*", "read": ".*"}
    stack.manage("permissions/%2F/guest", method="PUT", body=everything)
    try:
        test_there_is_no_guest(stack)
    finally:
        stack.manage("users/guest", method="DELETE")


def test_a_message_is_4_mib_at_most(stack: Stack) -> None:
    with stack.connect() as connection:
        assert not refusal(connection, lambda c: c.queue_declare("large"))
        for size, code in ((MAX_BYTES, 0), (MAX_BYTES + 1, 406)):
            body = bytes(size)
            assert refusal(connection, lambda c: c.basic_publish("", "large", body)) == code  # noqa: B023
        assert not refusal(connection, lambda c: c.queue_delete("large"))


def test_the_broker_holds_publishers_back_before_its_container_is_full(stack: Stack) -> None:
    (node,) = stack.manage("nodes")
    limit = stack.containers()["rabbitmq"]["HostConfig"]["Memory"]
    assert node["mem_limit"] == limit / 2
    assert node["disk_free_limit"] == 2**30
