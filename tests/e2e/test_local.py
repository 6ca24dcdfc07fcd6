"""Without Docker: the private RabbitMQ, and `local/run.py` with all that it starts."""

import getpass
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pika
import pytest

from child import Child
from display import LiveDisplay, View
from rabbitmq import PrivateRabbitMQ, RabbitMQError
from session import Goal, StalledError
from supervisor import NAMES, Supervisor
from support import PREFIXES, ROOT, Vhost, eventually, read_rows, row_count
from tally import Progress, Tally

PERSISTENT = pika.BasicProperties(delivery_mode=2)


def processes() -> dict[int, int]:
    """Parent by process, of all that run; one that is dead and only not yet waited for does not."""
    listing = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in listing.stdout.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if not state.startswith("Z")}


def family(pid: int) -> set[int]:
    """The process and all that it and its children have started."""
    parents, found = processes(), {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def assert_gone(pids: set[int]) -> None:
    eventually(lambda: not pids & processes().keys(), f"the end of the processes {pids}")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user may enter, unlike tmp_path."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)


# --- the private RabbitMQ


def test_a_killed_node_comes_back_with_its_data_and_ports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RABBITMQ_NODE_PORT", "1")  # the caller's settings are not ours
    monkeypatch.setenv("RABBITMQ_SERVER_START_ARGS", "-nonsense")
    monkeypatch.setenv("ERL_FLAGS", "-nonsense")
    others = family(os.getpid())
    node = PrivateRabbitMQ(tmp_path / "a folder, ü")
    url = node.amqp_url
    with node:
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.queue_declare("kept", durable=True)
            channel.basic_publish("", "kept", b"a row", PERSISTENT)
        killed = family(os.getpid()) - others
        node.kill()
        assert_gone(killed)

        node.start()
        assert node.amqp_url == url
        with pika.BlockingConnection(pika.URLParameters(url)) as connection:
            assert connection.channel().basic_get("kept")[2] == b"a row"
        assert urllib.request.urlopen(node.management_url, timeout=10).status == 200
        last = family(os.getpid()) - others
        assert len(last) > 3  # the node and its helpers, epmd
    assert_gone(last)


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
    (folder / "node").mkdir()
    shutil.chown(folder / "node", user)
    command = [python, "-c", START_AND_KILL, str(folder / "node")]
    subprocess.run(command, cwd=folder, user=user, check=True)
    assert (folder / "node" / "rabbitmq.log").owner() == user


def test_a_node_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("not a folder")
    with pytest.raises(RabbitMQError, match=r"(?s)rabbitmq\.log:.+clean start"):
        PrivateRabbitMQ(tmp_path).start()


def test_a_process_left_behind_is_ended_by_the_next_start(tmp_path: Path) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(99)", str(tmp_path)]
    left, successor = (Child("sleep", sleep, tmp_path, os.environ) for _ in range(2))
    left.start()
    successor.start()
    assert left.exit_status == -signal.SIGTERM
    assert successor.exit_status is None
    successor.kill()


def test_a_foreign_process_with_the_pid_of_ours_is_left_alone(tmp_path: Path) -> None:
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(99)"])
    (tmp_path / "sleep.pid").write_text(f"{foreign.pid} /ours.py")
    ours = Child("sleep", [sys.executable, "-c", ""], tmp_path, os.environ)
    ours.start()
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()


# --- run.py


class Runner:
    """run.py in a copy of this checkout, so that a run in the checkout itself is not in the way."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path / "checkout"
        self.logs_dir = self.root / "logs"
        self._output = tmp_path / "output"
        for part in ("local", "features", "model", "metric", "plot"):
            ignore = shutil.ignore_patterns("*.skops", "__pycache__")
            shutil.copytree(ROOT / part, self.root / part, ignore=ignore)

    def start(self, *arguments: str, **settings: object) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(PREFIXES)}
        env |= {key.upper(): str(value) for key, value in settings.items()}
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, self.root / "local" / "run.py", *arguments],
                env=env, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait(self) -> int:
        return self.process.wait(60)

    def pid(self, service: str) -> int:
        return int((self.root / ".local" / "log" / f"{service}.pid").read_text().split()[0])


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    runner = Runner(tmp_path)
    yield runner
    print(runner.output)
    if runner.process.poll() is None:
        for pid in family(runner.process.pid):
            os.kill(pid, signal.SIGKILL)


def test_so_many_rows_and_it_ends(runner: Runner, vhost: Vhost) -> None:
    runner.start("--rows", "200", amqp_url=vhost.amqp_url)
    assert runner.wait() == 0
    assert len(read_rows(runner.logs_dir)) == 200
    assert (runner.logs_dir / "error_distribution.png").stat().st_size > 0
    assert "200 rows published, 200 joined, 200 distinct ids, MAE" in runner.output
    assert "0 pending, 0 dead-lettered" in runner.output


def test_from_nothing_to_ctrl_c(runner: Runner) -> None:
    runner.start(stream_rate=50)
    eventually(lambda: row_count(runner.logs_dir) > 20, "rows", 60)

    second = [sys.executable, str(runner.root / "local" / "run.py")]
    refusal = subprocess.run(second, capture_output=True, text=True, check=False)
    assert refusal.returncode == 1
    assert refusal.stderr.count("\n") == 1
    assert f"already (process {runner.process.pid})" in refusal.stderr

    os.kill(runner.pid("model"), signal.SIGKILL)
    eventually(lambda: "model ended with signal SIGKILL" in runner.output, "the news of it")
    rows = row_count(runner.logs_dir)
    eventually(lambda: row_count(runner.logs_dir) > rows + 20, "more rows")

    all_of_it = family(runner.process.pid)
    assert len(all_of_it) > 6  # the runner, four services, the broker
    os.killpg(runner.process.pid, signal.SIGINT)
    assert runner.wait() == 0
    assert_gone(all_of_it)
    assert f"{len(read_rows(runner.logs_dir))} joined" in runner.output


def test_a_wrong_setting_ends_it_with_the_service_s_own_words(
    runner: Runner, vhost: Vhost, model_path: Path
) -> None:
    runner.start(amqp_url=vhost.amqp_url, model_path=model_path, stream_rate="fast")
    assert runner.wait() == 1
    assert "STREAM_RATE='fast' is not accepted" in runner.output


def test_a_service_that_dies_again_and_again_ends_it(
    runner: Runner, vhost: Vhost, model_path: Path
) -> None:
    (runner.root / "plot" / "src" / "plot.py").write_text("import sys; sys.exit('a bug')")
    runner.start(amqp_url=vhost.amqp_url, model_path=model_path)
    assert runner.wait() == 1
    assert runner.output.count("plot ended with status 1: starting it again") == 5
    assert runner.output.rstrip().endswith("a bug")


# --- how far it is


def test_a_service_that_gets_no_broker_is_shown_as_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.READY_SECONDS", 0.5)
    for name in NAMES:
        (tmp_path / name / "src").mkdir(parents=True)
        script = "import time; print('no broker', flush=True); time.sleep(99)"
        (tmp_path / name / "src" / f"{name}.py").write_text(script)
    news: list[str] = []
    supervisor = Supervisor(tmp_path, tmp_path / ".local", os.environ, 0, news.append)
    supervisor.start()

    def all_not_ready() -> bool:
        supervisor.look_after()
        return set(supervisor.states.values()) == {"not ready"}

    eventually(all_not_ready, "that is noticed")
    supervisor.stop()
    assert news == [f"{name} is not ready; its log ends with: no broker" for name in NAMES]


def progress(**changes: int) -> Progress:
    at_start = dict.fromkeys(("published", "predicted", "joined", "pending", "dead_lettered"), 0)
    numbers = at_start | {"joined_at": 0, "drawn": 0} | changes
    return Progress(all_published=numbers["published"] == 100, mae=None, **numbers)


def test_the_goal_is_all_rows_joined_and_drawn_in_a_file_that_had_some() -> None:
    goal = Goal(100, lines_before=7, patience=60)
    assert not goal.is_reached(progress(published=100, joined=100, drawn=106), now=0)
    assert not goal.is_reached(progress(published=99, joined=100, drawn=107), now=1)
    assert goal.is_reached(progress(published=100, joined=100, drawn=107), now=2)


def test_the_goal_waits_for_halves_of_ours_but_not_for_an_earlier_run_s() -> None:
    goal = Goal(100, lines_before=0, patience=60)
    with_old_half = progress(published=100, joined=100, drawn=100, pending=1)
    assert not goal.is_reached(with_old_half, now=0)
    assert goal.is_reached(with_old_half, now=5)


def test_a_stall_tells_what_is_missing() -> None:
    goal = Goal(100, lines_before=7, patience=60)
    stalled = progress(published=100, predicted=40, joined=40, pending=60, drawn=47)
    assert not goal.is_reached(stalled, now=0)
    assert not goal.is_reached(stalled, now=60)
    with pytest.raises(StalledError, match="100 were published, 40 predicted, 40 joined"):
        goal.is_reached(stalled, now=61)


def test_counts_add_up_over_restarts(tmp_path: Path) -> None:
    file = tmp_path / "metric.json"
    tally = Tally(file)
    for pid, joined, pending in [(1, 5, 3), (1, 8, 2), (2, 1, 4)]:
        counts = f'{{"joined":{joined},"pending_y_true":{pending}}}'
        file.write_text(f'{{"service":"metric","pid":{pid},"time":0,"counts":{counts}}}')
        tally.read()
    file.unlink()
    tally.read()
    assert (tally.total("joined"), tally.latest("pending_y_true")) == (9, 4)


def test_the_live_status_shows_numbers_states_and_places(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = LiveDisplay()
    display.open([("errors", "logs/metric_log.csv")])
    display.say("an event")
    display.show(View(progress(published=1234), 5.04, {"model": "restarting"}, 61.0))
    display.close()
    shown = capsys.readouterr().out
    for text in ("an event", "1,234", "5.0", "restarting", "logs/metric_log.csv", "1:01 min"):
        assert text in shown
