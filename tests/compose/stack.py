"""A copy of the checkout, run in containers as docs/use/run.md says, beside whatever runs here."""

import base64
import csv
import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pika

from servers import free_ports
from services import SERVING as PROFILE
from services import services_of
from support.pages import next_event
from support.rows import row_count_of_all
from support.service import ROOT
from support.waiting import PATIENCE_SECONDS, eventually

SERVICES = tuple(services_of(ROOT, serving=False))
SERVING = ("redis", *PROFILE, "flower")  # in the profile of that name
COURSE = ("-f", "docker-compose.yml", "-f", "docker-compose.course.yml")
CLUSTER = ("-f", "docker-compose.yml", "-f", "docker-compose.cluster.yml")
PORTS = tuple(
    f"{each}_PORT" for each in ("AMQP", "MANAGEMENT", "METRICS", "PLOT", "GATEWAY", "FLOWER")
)
NODES = ("rabbitmq", "rabbitmq-2", "rabbitmq-3")
PYTHON_IMAGE = "python:3.13-slim"  # the services' own base image: it is there already

T = TypeVar("T")


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What the command writes; an AssertionError with all of it if the command fails."""
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def wait_for(look: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """As `eventually`, for what takes a command to look at: twice a second."""

    def look_slowly() -> T | None:
        if not (found := look()):
            time.sleep(0.5)
        return found

    return eventually(look_slowly, what, seconds)


def as_root(script: str, *options: str) -> str:
    """Runs a shell script in a container: what is not ours here may be any user's there."""
    return run("docker", "run", "--rm", "--user=0", *options, PYTHON_IMAGE, "sh", "-ec", script)


class Stack:
    """The containers of one project, of which everything is told to `docker compose`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self._own = {
            "COMPOSE_PROJECT_NAME": f"compose-test-{os.getpid()}",
        } | dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self.page = f"http://127.0.0.1:{self._own['PLOT_PORT']}/"
        self.gateway = f"http://127.0.0.1:{self._own['GATEWAY_PORT']}/"
        self.flower = f"http://127.0.0.1:{self._own['FLOWER_PORT']}/"
        settings = re.findall(r"^(\w+)=", (folder / ".env.example").read_text(), re.MULTILINE)
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in settings and not name.startswith("COMPOSE_")
        }
        usual = {5672: "AMQP", 15672: "MANAGEMENT", 8080: "PLOT", 8000: "GATEWAY"}
        self.usual_ports = {port: int(self._own[f"{name}_PORT"]) for port, name in usual.items()}
        self.configure()

    def configure(self, **settings: object) -> None:
        """Replaces all settings, by way of `.env`."""
        lines = [f"{name}={value}\n" for name, value in (self._own | settings).items()]
        (self.folder / ".env").write_text("".join(lines))

    def run(self, *command: str) -> str:
        return run(*command, cwd=self.folder, env=self.environment)

    def compose(self, *arguments: str) -> str:
        return self.run("docker", "compose", *arguments)

    def up(self, *arguments: str) -> None:
        """`docker compose up -d`, and all that was asked for is healthy."""
        self.compose("up", "-d", *arguments)
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        wait_for(lambda: set(self.health().values()) == {"healthy"}, "all healthy")

    def clear(self) -> None:
        """Removes containers, broker data and what a run left in `logs`."""
        for files in (CLUSTER, COURSE, ("-f", "docker-compose.yml")):  # each has volumes of its own
            self.compose(*files, "--profile=serving", "down", "--volumes", "--timeout=5")
        as_root("find /logs -mindepth 1 -delete", f"--volume={self.logs}:/logs")

    def remove(self) -> None:
        """Leaves nothing behind."""
        self.clear()
        self.compose("--profile=serving", "down", "--rmi=local")
        as_root(f"chown {os.getuid()}:{os.getgid()} /logs", f"--volume={self.logs}:/logs")

    def containers(self) -> dict[str, Any]:
        """For each service's container, stopped or not, what `docker inspect` tells of it."""
        found = self.replicas()
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each for each in found}

    def replicas(self, *services: str) -> list[Any]:
        """The same of all containers of these services."""
        ids = self.compose("ps", "--all", "--quiet", *services).split()
        return list(json.loads(run("docker", "inspect", *ids))) if ids else []

    def health(self) -> dict[str, str]:
        """Of the containers that run: starting, healthy or unhealthy."""
        states = {name: each["State"] for name, each in self.containers().items()}
        return {name: s["Health"]["Status"] for name, s in states.items() if s["Running"]}

    def signal(self, service: str, signal: str) -> None:
        """Sends a signal from outside: within its container no process 1 can be killed."""
        pid = self.containers()[service]["State"]["Pid"]
        as_root(f"kill -{signal} {pid}", "--pid=host")

    def counts(self, service: str) -> dict[str, float]:
        """What the service says of itself in its status file."""
        status = json.loads(self.compose("exec", "-T", service, "cat", "/tmp/status.json"))
        counts: dict[str, float] = status["counts"]
        return counts

    def rows(self, data_set: str = "") -> dict[str, tuple[float, float]]:
        """metric_log.csv by id, checked: no id twice, and every error is that of its numbers."""
        rows: dict[str, tuple[float, float]] = {}
        text = (self.logs / data_set / "metric_log.csv").read_text()
        whole_lines = text[: text.rindex("\n")].split("\n")
        for row in csv.DictReader(whole_lines):
            y_true, y_pred = float(row["y_true"]), float(row["y_pred"])
            assert row["id"] not in rows
            assert float(row["absolute_error"]) == abs(y_true - y_pred)
            rows[row["id"]] = y_true, y_pred
        return rows

    def wait_for_rows(self, count: int) -> None:
        """Until there are so many more than now, of whatever data set."""
        enough = row_count_of_all(self.logs) + count
        eventually(lambda: row_count_of_all(self.logs) >= enough, f"{count} rows more")

    def amqp_url(self, user: str = "admin", password: str = "", vhost: str = "%2F") -> str:
        """The broker's port on this machine; the password is by default the user's name."""
        return f"amqp://{user}:{password or user}@localhost:{self._own['AMQP_PORT']}/{vhost}"

    def connect(
        self, user: str = "admin", password: str = "", vhost: str = "%2F"
    ) -> pika.BlockingConnection:
        return pika.BlockingConnection(pika.URLParameters(self.amqp_url(user, password, vhost)))

    def manage(
        self,
        path: str,
        user: str = "admin",
        password: str = "",
        method: str = "GET",
        body: Any = None,
    ) -> Any:
        """One call of RabbitMQ's management API; urllib.error.HTTPError if that is refused."""
        login = base64.b64encode(f"{user}:{password or user}".encode()).decode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._own['MANAGEMENT_PORT']}/api/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Basic {login}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return json.loads(answer.read() or b"null")

    def metrics(self) -> str:
        """What the broker tells Prometheus."""
        url = f"http://127.0.0.1:{self._own['METRICS_PORT']}/metrics"
        with urllib.request.urlopen(url, timeout=PATIENCE_SECONDS) as answer:
            text: str = answer.read().decode()
        return text

    def pipeline(self) -> Any:
        """What the page now tells of broker, queues and services."""
        return next_event(self.page, "pipeline")

    def wait_until_the_page_sees_the_broker(self) -> None:
        wait_for(lambda: self.pipeline()["broker"]["reachable"], "the broker on the page")

    def queue_depths(self, vhost: str = "%2F") -> dict[str, int]:
        """Messages in each named queue, delivered but not acknowledged ones included."""
        queues = self.manage(f"queues/{vhost}")
        names = {each["name"]: each.get("messages", 0) for each in queues}
        return {name: depth for name, depth in names.items() if not name.startswith("amq.")}


class Tap:
    """Durable queues of its own at edges: the ids of all that the broker accepted there."""

    def __init__(self, stack: Stack, *edges: str, vhost: str = "%2F") -> None:
        self._stack = stack
        self._vhost = vhost
        self._ids: dict[str, set[str]] = {edge: set() for edge in edges}
        with stack.connect(vhost=vhost) as connection:
            channel = connection.channel()
            for edge in edges:
                channel.exchange_declare(f"edge.{edge}", "fanout", durable=True)
                channel.queue_declare(f"tap.{edge}", durable=True)
                channel.queue_bind(f"tap.{edge}", f"edge.{edge}")

    def ids(self, edge: str) -> set[str]:
        """Those of all messages until now."""
        with self._stack.connect(vhost=self._vhost) as connection:
            channel = connection.channel()
            queue = f"tap.{edge}"
            for method, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=1):
                if method is None or body is None:
                    break
                self._ids[edge].add(json.loads(body)["id"])
        return self._ids[edge]
