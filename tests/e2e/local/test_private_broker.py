"""The private RabbitMQ node that make run and the tests start."""

import getpass
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pika
import psutil
import pytest

from child_process import ChildProcess
from rabbitmq import PrivateRabbitMQ
from servers import ServerError
from support.processes import assert_gone, family_of, is_running
from support.service import ROOT
from support.waiting import PATIENCE_SECONDS

PERSISTENT = pika.BasicProperties(delivery_mode=2)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user may enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_killed_node_comes_back_with_its_data_and_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_NODE_PORT", "1")  # the caller's settings are not ours
    monkeypatch.setenv("RABBITMQ_SERVER_START_ARGS", "-nonsense")
    monkeypatch.setenv("ERL_FLAGS", "-nonsense")
    folder = tmp_path / "a folder, ü, папка"
    node = PrivateRabbitMQ(folder)
    url = node.amqp_url
    quorum = {"x-queue-type": "quorum"}
    with node:
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("kept", durable=True)
            channel.basic_publish("", "kept", b"a row", PERSISTENT)
            channel.queue_declare("train", durable=True, arguments=quorum)
            channel.basic_publish("", "train", b"a task", PERSISTENT)
        # For a moment RabbitMQ 3 has in memory alone that there is such a queue, and where it is.
        node.control("eval", "mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")
        killed = family_of(folder)
        node.kill()
        assert_gone(killed)

        node.start()
        assert node.amqp_url == url
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            assert connection.channel().basic_get("kept")[2] == b"a row"
        assert urllib.request.urlopen(node.management_url, timeout=PATIENCE_SECONDS).status == 200
        last = family_of(folder)
        assert len(last) > 3  # the node and its helpers, epmd
    assert_gone(last)

    renamed = PrivateRabbitMQ(folder.rename(tmp_path / "renamed"))
    url = renamed.amqp_url
    with renamed, pika.BlockingConnection(pika.URLParameters(url)) as connection:
        assert connection.channel().basic_get("train")[2] == b"a task"


def test_a_virtual_host_of_its_own(rabbitmq: PrivateRabbitMQ) -> None:
    for _ in range(2):  # the second time it is there
        url = rabbitmq.vhost("own")
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            connection.channel().queue_declare("kept", durable=True)


def test_two_nodes_at_once(rabbitmq: PrivateRabbitMQ, tmp_path: Path) -> None:
    other = PrivateRabbitMQ(tmp_path)
    other.start()
    for node in (rabbitmq, other):
        pika.BlockingConnection(pika.URLParameters(node.amqp_url)).close()
    other.kill()


def python_for(user: str) -> str | None:
    """A Python that this user may run, new enough for us; Python's own folders may be private."""
    check = "import sys; assert sys.version_info >= (3, 11)"
    for python in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        try:
            subprocess.run([python, "-c", check], user=user, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return python
    return None


START_AND_KILL = """
import sys
from pathlib import Path
from rabbitmq import PrivateRabbitMQ
node = PrivateRabbitMQ(Path(sys.argv[1]))
node.start()
node.kill()
"""


def test_a_node_of_an_ordinary_user(folder: Path) -> None:
    user = "nobody" if os.geteuid() == 0 else getpass.getuser()
    python = python_for(user)
    if python is None:
        pytest.skip(f"no Python 3.11 here that the user {user} may run")
    for module in (ROOT / "local").glob("*.py"):
        shutil.copy(module, folder)
    shutil.copytree(Path(psutil.__file__).parent, folder / "psutil")  # his Python may have none
    (folder / "node").mkdir()
    shutil.chown(folder / "node", user)
    command = [python, "-c", START_AND_KILL, str(folder / "node")]
    subprocess.run(command, cwd=folder, user=user, check=True)
    assert (folder / "node" / "rabbitmq.log").owner() == user


def test_a_node_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "my courses"
    node = PrivateRabbitMQ(folder)
    (folder / "data").write_text("not a folder")
    with pytest.raises(ServerError, match=r"(?s)rabbitmq\.log:.+clean start") as said:
        node.start()
    assert f"rm -r '{folder}' " in str(said.value)


def test_a_process_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(99)", str(tmp_path)]
    killed_run = f"""
from pathlib import Path
from child_process import ChildProcess
ChildProcess("sleep", {sleep}, Path({str(tmp_path)!r}), {{}}).start()
"""
    subprocess.run([sys.executable, "-c", killed_run], cwd=ROOT / "local", check=True)
    left = int((tmp_path / "sleep.pid").read_text().split()[0])
    assert is_running(left)
    successor = ChildProcess("sleep", sleep, tmp_path, os.environ)
    successor.start()
    assert not is_running(left)
    assert successor.exit_status is None
    successor.kill()


def test_a_foreign_process_with_the_pid_of_ours_is_left_alone(tmp_path: Path) -> None:
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
    (tmp_path / "sleep.pid").write_text(f"{foreign.pid} /ours.py")
    ours = ChildProcess("sleep", [sys.executable, "-c", ""], tmp_path, os.environ)
    ours.start()
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()


# --- run.py
