"""Three nodes, each killed and brought back under a stream: no row is lost, none doubled."""

import re
import time
from collections.abc import Iterator
from functools import partial

import pytest

from compose.stack import CLUSTER, NODES, SERVICES, Stack, wait_for
from support.rows import row_count

RATE = 300
QUEUES = {"features", "y_true", "y_pred", "dead_letters"}
LINKS = [(service, link) for service in ("model", "metric") for link in ("publishing", "consuming")]
LINKS += [("features", "publishing")]


@pytest.fixture(scope="module", autouse=True)
def _cluster(stack: Stack) -> Iterator[None]:
    stack.clear()
    stack.configure(COMPOSE_FILE=":".join(CLUSTER[1::2]), STREAM_RATE=RATE)
    stack.up()
    stack.wait_for_rows(1)
    wait_for(lambda: all_on_three_nodes(stack), "each queue on three nodes")
    yield
    stack.configure()


def all_on_three_nodes(stack: Stack) -> bool:
    """Whether each queue is a quorum queue of which three members are there.

    Not that by which a process of `model` hears of changes, which ends with its connection.
    """
    lasting = [queue for queue in stack.manage("queues") if not queue["exclusive"]]
    queues = {queue["name"]: queue for queue in lasting}
    assert queues.keys() >= QUEUES
    assert {queue["type"] for queue in queues.values()} == {"quorum"}
    return all(
        len(queue["members"]) == len(queue.get("online", [])) == 3 for queue in queues.values()
    )


def node_of(stack: Stack, queue: str) -> str:
    """The service whose node leads a queue."""
    leader = next(q["leader"] for q in stack.manage("queues") if q["name"] == queue)
    return NODES[int(leader.removeprefix("rabbit@node")) - 1]


def rate(stack: Stack, seconds: float) -> float:
    """Rows per second, over as many rows as should come in so many seconds."""
    start, rows = time.monotonic(), row_count(stack.logs)
    stack.wait_for_rows(round(RATE * seconds))
    return (row_count(stack.logs) - rows) / (time.monotonic() - start)


def longest_standstill(stack: Stack, seconds: float) -> tuple[float, float]:
    """From when to when no row came, in seconds from now; looks for so many seconds."""
    start = last = time.monotonic()
    rows, found = row_count(stack.logs), (0.0, 0.0)
    while (now := time.monotonic()) < start + seconds:
        if row_count(stack.logs) != rows or now - start > seconds - 0.1:
            rows = row_count(stack.logs)
            found = max(found, (last - start, now - start), key=lambda each: each[1] - each[0])
            last = now
        time.sleep(0.01)
    return found


def kill(stack: Stack, node: str) -> None:
    stack.run("docker", "kill", stack.containers()[node]["Id"])


def page_names(stack: Stack, node: str) -> bool:
    """Returns True if the page says that this node is down, and no other."""
    down = re.findall(r"node (\S+) is down", " ".join(stack.pipeline()["broker"]["warnings"]))
    return down == [f"rabbit@node{NODES.index(node) + 1}"]


def connected(stack: Stack, service: str, link: str) -> list[str]:
    """The nodes to which a connection of a service came, in turn."""
    log = stack.compose("logs", "--no-log-prefix", service)
    return re.findall(rf"{link}: connected to (\S+):5672", log)


def test_each_node_may_die_under_load(stack: Stack) -> None:
    print("\nrows/s, node killed and brought back | before | while down | after | standstill")
    for node in NODES:
        before = rate(stack, 4)
        kill(stack, node)
        start, rows = time.monotonic(), row_count(stack.logs)
        begin, end = longest_standstill(stack, 12)
        down = (row_count(stack.logs) - rows) / (time.monotonic() - start)
        wait_for(partial(page_names, stack, node), "the page to name it")
        stack.compose("up", "-d")
        stack.wait_until_healthy()
        wait_for(lambda: all_on_three_nodes(stack), "it to be there again with its data")
        after = rate(stack, 4)
        print(
            f"{node:36} | {before:6.0f} | {down:10.0f} | {after:5.0f} | {begin:.1f} to {end:.1f} s"
        )
        assert end < 12 - 0.2, "rows came again"
        assert after > RATE * 0.8

    assert {each["RestartCount"] for each in stack.replicas(*SERVICES)} == {0}
    moves = {link: connected(stack, *link) for link in LINKS}
    for link, nodes in moves.items():
        print(*link, "was at", *nodes)
        assert len(nodes) > 1, link

    stack.compose("stop", "features")  # it ends when all that it published is confirmed
    log = stack.compose("logs", "--no-log-prefix", "features")
    (published,) = re.findall(r"stopped: rows ([\d,]+)", log)
    rows = int(published.replace(",", ""))
    wait_for(lambda: row_count(stack.logs) >= rows, "each published row")
    wait_for(lambda: not any(stack.queue_depths().values()), "all queues empty")
    print(f"{rows} rows published, {len(stack.rows())} different rows in metric_log.csv")
    assert len(stack.rows()) == rows
    counts = stack.counts("metric")
    assert not counts["pending_y_true"] + counts["pending_y_pred"] + counts.get("dead_lettered", 0)


def test_services_start_while_a_node_is_down(stack: Stack) -> None:
    stack.compose("up", "-d")
    stack.wait_until_healthy()
    kill(stack, NODES[0])
    try:
        stack.compose("restart", *SERVICES)
        stack.wait_for_rows(RATE)
        stack.wait_until_the_page_sees_the_broker()
    finally:
        stack.compose("up", "-d")
    stack.wait_until_healthy()


def test_dead_letters_outlive_a_node_and_dropped_ones_are_counted(stack: Stack) -> None:
    with stack.connect() as connection:
        connection.channel().basic_publish("", "y_true", b'{"id":"a-1","body":"151"}')
    wait_for(lambda: stack.queue_depths()["dead_letters"] == 1, "the dead letter")
    kill(stack, node_of(stack, "dead_letters"))
    stack.compose("up", "-d")
    stack.wait_until_healthy()

    with stack.connect() as connection:
        channel = connection.channel()
        arguments = {"x-queue-type": "quorum", "x-max-length": 1, "x-overflow": "drop-head"}
        channel.queue_declare("short", durable=True, arguments=arguments)
        for _ in range(4):
            channel.basic_publish("", "short", b"")
    listed = stack.compose("run", "--rm", "pipeline", "dead-letters", "list")
    assert "dead letters: 1\n" in listed
    assert "because a queue was full: 3\n" in listed


def test_what_nodes_use_among_themselves_is_not_for_the_services(stack: Stack) -> None:
    script = f"""if True:
        import socket
        for node in {NODES}:
            for port in (4369, 5672, 25672):
                with socket.socket() as probe:
                    probe.settimeout(3)
                    if not probe.connect_ex((node, port)):
                        print(node, port)
    """
    open_ports = stack.compose("exec", "-T", "plot", "python", "-c", script).splitlines()
    assert open_ports == [f"{node} 5672" for node in NODES]
    ports = {node: stack.containers()[node]["NetworkSettings"]["Ports"] for node in NODES}
    published = {node: {port for port, on in each.items() if on} for node, each in ports.items()}
    assert published.pop("rabbitmq") == {"5672/tcp", "15672/tcp", "15692/tcp"}
    assert not any(published.values())
