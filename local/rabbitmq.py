"""A private RabbitMQ node, run by the `rabbitmq-server` that is installed."""

import base64
import json
import os
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

from child_process import ChildProcess, end_leftover
from lasting_path import LastingPath
from packages import Package
from servers import PrivateServer, ServerError, free_ports, listens, reply, wait_until_ready

RABBITMQ = Package(
    "RabbitMQ",
    apt="rabbitmq-server",
    brew="rabbitmq",
    otherwise="""\
- or use a broker that is there: AMQP_URL=amqp://guest:guest@localhost:5672/%2F make run
- or run everything in containers: docker compose up -d""",
    # Debian's rabbitmq-server in /usr/sbin refuses ordinary users, the one in /usr/lib does not.
    before_path="/usr/lib/rabbitmq/bin",
)

STOP_SECONDS = 30.0  # RabbitMQ takes 6 with its management plugin, which waits for 5 in vain

_STRAIGHT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # bypasses any proxy

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


class PrivateRabbitMQ(PrivateServer):
    """A RabbitMQ node of our own, whatever else runs on the machine.

    Only this machine reaches it, as guest/guest: by AMQP at `amqp_url`, with a browser at
    `management_url`, by its management API, in a service's form, at `api_url`, and for its metrics,
    by HTTP without a login, at `metrics_url`. It writes only to `folder`, and its data are there
    again at the next start; a folder serves one node at a time.
    """

    title = RABBITMQ.title

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._known_as = LastingPath(self._folder)
        path = self._known_as.path
        ports = free_ports(5)
        self._amqp_port, self._management_port, self._metrics_port = ports[:3]
        node_port, self._epmd_port = ports[3:]
        self.amqp_url = f"amqp://guest:guest@127.0.0.1:{self._amqp_port}/%2F"
        self.management_url = f"http://127.0.0.1:{self._management_port}/"
        self.api_url = f"http://guest:guest@127.0.0.1:{self._management_port}/%2F"
        self.metrics_url = f"http://127.0.0.1:{self._metrics_port}/metrics"
        server = RABBITMQ.server
        self._rabbitmqctl = server.with_name("rabbitmqctl")
        env = _environment(path, server, node_port, self._epmd_port)
        # "-pipeline" means nothing to the node: it tells its process from those of other nodes.
        node: list[str | Path] = [server, "-noinput", "-pipeline", path]
        epmd = ["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"]
        self._node = ChildProcess("rabbitmq", node, self._folder, env, cwd=self._folder)
        self._epmd = ChildProcess("epmd", epmd, self._folder, env)
        self.log = self._node.log

    @property
    def exit_status(self) -> int | None:
        """Exit status; None while the node runs, and before its first start."""
        return self._node.exit_status

    def start(self) -> None:
        """Starts the node, or restarts it with its data and ports; returns when AMQP answers.

        Raises ServerError with the end of the node's log if that takes longer than a minute.
        """
        self._write_configuration()
        end_leftover(self._folder / "rabbitmq.pid")  # first, as it must not miss its epmd
        self._known_as.make()
        try:
            # An Erlang node that finds no epmd starts one, and leaves it running.
            self._epmd.start()
            self._wait_for(self._epmd, lambda: listens(self._epmd_port))
            self._node.start()
            self._wait_for(self._node, self._answers)
        except BaseException:
            self.kill()  # a node asked to end while it starts can hang
            raise

    def stop(self) -> None:
        """Ends the node in good order."""
        self._node.stop(STOP_SECONDS)
        self._epmd.stop(STOP_SECONDS)
        self._known_as.remove()

    def kill(self) -> None:
        """Kills the node (SIGKILL), as a power cut would."""
        self._node.kill()
        self._epmd.kill()
        self._known_as.remove()

    def vhost(self, name: str) -> str:
        """Returns the URL of a virtual host of its own, which is made if it is missing."""
        self._manage(f"vhosts/{name}", {})
        self._manage(f"permissions/{name}/guest", {"configure": ".*", "write": ".*", "read": ".*"})
        return f"amqp://guest:guest@127.0.0.1:{self._amqp_port}/{name}"

    def control(self, *arguments: str) -> None:
        """Runs `rabbitmqctl` on this node. Raises ServerError with its output if it fails."""
        command: list[str | Path] = [self._rabbitmqctl, *arguments]
        done = subprocess.run(
            command, env=self._node.env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise ServerError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")

    def _manage(self, path: str, body: dict[str, str]) -> None:
        """Sends a PUT to the management API: `rabbitmqctl` takes seconds to start."""
        login = base64.b64encode(b"guest:guest").decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        request = urllib.request.Request(
            f"{self.management_url}api/{path}", json.dumps(body).encode(), headers, method="PUT"
        )
        try:
            _STRAIGHT.open(request, timeout=30).close()
        except OSError as error:
            raise ServerError(f"{self.title} refuses {path}: {error}") from error

    def _write_configuration(self) -> None:
        (self._folder / "conf.d").mkdir(exist_ok=True)
        config = _CONFIG.format(
            amqp=self._amqp_port, management=self._management_port, metrics=self._metrics_port
        )
        (self._folder / "rabbitmq.conf").write_text(config)
        (self._folder / "advanced.config").write_text("[].\n")
        (self._folder / "enabled_plugins").write_text(
            "[rabbitmq_management,rabbitmq_prometheus].\n"
        )

    def _wait_for(self, child: ChildProcess, is_ready: Callable[[], bool]) -> None:
        wait_until_ready(self.title, self._folder, child, is_ready)

    def _answers(self) -> bool:
        return bool(reply(self._amqp_port, b"AMQP\0\0\x09\x01"))


def _environment(folder: Path, server: Path, node_port: int, epmd_port: int) -> dict[str, str]:
    """Returns the node's variables and PATH: others of the caller's would change the node."""
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
