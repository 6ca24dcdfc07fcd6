"""A private RabbitMQ node, run by the `rabbitmq-server` that is installed."""

import os
import random
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from child import Child, end_leftover
from rabbitmq_package import ADVICE, RabbitMQError, find_server, install

__all__ = ["PrivateRabbitMQ", "RabbitMQError", "find_server", "install"]

START_SECONDS = 60.0
STOP_SECONDS = 30.0  # RabbitMQ takes 6 with its management plugin, which waits for 5 in vain

# Below the ports that systems give to outgoing connections (32768 and up, macOS 49152 and up): one
# of those can be taken while the node is down, even by a client that tries to reach it.
_PORTS = range(20_000, 32_000)

_CONFIG = """\
listeners.tcp.local = 127.0.0.1:{amqp}
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {metrics}
# alarms are for what this node itself takes, not for a machine that is busy with other things
vm_memory_high_watermark.relative = 0.6
disk_free_limit.absolute = 50MB
# figures of queues that are new each second; see rabbitmq/limits.conf
collect_statistics_interval = 1000
management.sample_retention_policies.global.minute = 1
management.sample_retention_policies.basic.minute = 1
management.sample_retention_policies.detailed.minute = 1
management.sample_retention_policies.global.605 = 5
management.sample_retention_policies.global.3660 = 60
management.sample_retention_policies.global.29400 = 600
management.sample_retention_policies.global.86400 = 1800
management.sample_retention_policies.basic.605 = 5
management.sample_retention_policies.basic.3600 = 60
management.sample_retention_policies.detailed.605 = 5
"""


class PrivateRabbitMQ:
    """A RabbitMQ node of our own, whatever else runs on the machine.

    Only this machine reaches it, as guest/guest: by AMQP at `amqp_url`, with a browser at
    `management_url`, its management API, as a service is told of it, at `api_url`, and its metrics,
    by HTTP without a login, at `metrics_url`. All that it writes is in `folder`, its data are there
    again at the next start; a folder serves one node at a time.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        ports = _free_ports(5)
        self._amqp_port, self._management_port, self._metrics_port = ports[:3]
        node_port, self._epmd_port = ports[3:]
        self.amqp_url = f"amqp://guest:guest@127.0.0.1:{self._amqp_port}/%2F"
        self.management_url = f"http://127.0.0.1:{self._management_port}/"
        self.api_url = f"http://guest:guest@127.0.0.1:{self._management_port}/%2F"
        self.metrics_url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        server = find_server()
        if server is None:
            raise RabbitMQError(f"RabbitMQ is not installed:\n{ADVICE}")
        self._rabbitmqctl = server.with_name("rabbitmqctl")
        env = _environment(self._folder, server, node_port, self._epmd_port)
        # "-pipeline" means nothing to the node: it tells its process from those of other nodes.
        node: list[str | Path] = [server, "-noinput", "-pipeline", self._folder]
        epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        self._node = Child("rabbitmq", node, self._folder, env, cwd=self._folder)
        self._epmd = Child("epmd", epmd, self._folder, env)
        self.log = self._node.log

    @property
    def exit_status(self) -> int | None:
        """None while the node runs, and before its first start."""
        return self._node.exit_status

    def start(self) -> None:
        """Starts the node, or starts it again with its data and ports; returns when AMQP answers.

        Raises RabbitMQError with the end of the node's log if that takes longer than a minute.
        """
        self._write_configuration()
        end_leftover(self._folder / "rabbitmq.pid")  # first: it must not miss its epmd
        try:
            # An Erlang node that finds no epmd starts one, and leaves it behind.
            self._epmd.start()
            self._wait_for(self._epmd, self._epmd_port, b"")
            self._node.start()
            self._wait_for(self._node, self._amqp_port, b"AMQP\0\0\x09\x01")
        except BaseException:
            self.kill()  # a node that is asked to end while it starts can hang
            raise

    def stop(self) -> None:
        """Ends the node in good order."""
        self._node.stop(STOP_SECONDS)
        self._epmd.stop(STOP_SECONDS)

    def kill(self) -> None:
        """Ends the node where it stands (SIGKILL), as a power cut would."""
        self._node.kill()
        self._epmd.kill()

    def control(self, *arguments: str) -> None:
        """Runs `rabbitmqctl` on this node. Raises RabbitMQError with what it says if it fails."""
        command: list[str | Path] = [self._rabbitmqctl, *arguments]
        done = subprocess.run(
            command, env=self._node.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RabbitMQError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _write_configuration(self) -> None:
        (self._folder / "conf.d").mkdir(parents=True, exist_ok=True)
        config = _CONFIG.format(
            amqp=self._amqp_port, management=self._management_port, metrics=self._metrics_port
        )
        (self._folder / "rabbitmq.conf").write_text(config)
        (self._folder / "advanced.config").write_text("[].\n")
        (self._folder / "enabled_plugins").write_text(
            "[rabbitmq_management,rabbitmq_prometheus].\n"
        )

    def _wait_for(self, child: Child, port: int, greeting: bytes) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not _answers(port, greeting):
            if child.exit_status is not None or time.monotonic() > deadline:
                raise RabbitMQError(
                    f"RabbitMQ does not start; the end of {child.log}:\n{child.log_tail()}\n"
                    f"If its data are of another version: rm -r {self._folder} is a clean start."
                )
            time.sleep(0.05)


def _environment(folder: Path, server: Path, node_port: int, epmd_port: int) -> dict[str, str]:
    """Nothing of the caller's but PATH: RABBITMQ_*, ERL_* and others would change the node."""
    tools = [str(server.parent), str(server.parent.parent / "bin")]
    return {
        "PATH": os.pathsep.join([*tools, os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder),  # for the Erlang cookie
        "LC_ALL": "C.UTF-8",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
        "RABBITMQ_NODENAME": "pipeline@localhost",  # names the data folder: the same each time
        "RABBITMQ_DIST_PORT": str(node_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RABBITMQ_SCHEDULER_BUSY_WAIT_THRESHOLD": "very_short",  # "none" starts in twice the time
        "RABBITMQ_ALLOW_INPUT": "1",  # the script becomes the node, so that a signal reaches it
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_CONFIG_FILES": str(folder / "conf.d"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "data"),
        "RABBITMQ_LOG_BASE": str(folder),
        "RABBITMQ_LOGS": "-",
    }


def _answers(port: int, greeting: bytes) -> bool:
    """Whether something listens at the port, and says anything to the greeting if there is one."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(greeting)
            return not greeting or bool(connection.recv(1))
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    candidates = iter(random.sample(_PORTS, len(_PORTS)))
    return [next(filter(_is_free, candidates)) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
