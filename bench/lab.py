"""Where measurements take place: a broker of our own, and rooms with a virtual host and a folder.

Folders are on the disk of the checkout, so that a sync is a real one, and are removed at the end.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import psutil

from rabbitmq import PrivateRabbitMQ
from support.service import ROOT, Service
from support.vhost import Vhost
from support.waiting import eventually

UP_SECONDS = 60  # for a service to start, its state included
BENCH = Path(__file__).parent

T = TypeVar("T")


class BenchError(Exception):
    """Something is wrong, so that there is nothing to measure."""


class Script:
    """A Python script as a process, with its log in a folder."""

    def __init__(self, path: Path, folder: Path, *arguments: str, **environment: str) -> None:
        self.name = arguments[0] if arguments else path.stem
        self._log_file = folder / f"{self.name}.log"
        with self._log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, path, *arguments],
                env=os.environ | environment,
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    def log(self) -> str:
        return self._log_file.read_text()


class Room:
    """A virtual host, a folder, and the processes of one measurement."""

    def __init__(self, lab: "Lab", vhost: Vhost, folder: Path) -> None:
        self.vhost = vhost
        self.folder = folder
        self.logs = folder / "logs"
        self.lab = lab
        self._programs: list[Service | Script] = []
        self._cpu_seconds: dict[str, float] = {}

    def start(self, name: str, runner: Sequence[str | Path] = (), **settings: object) -> Service:
        """Starts a service of ours; does not wait for it."""
        ours = {"amqp_url": self.vhost.amqp_url, "logs_dir": self.logs,
                "model_path": self.lab.model_path}  # fmt: skip
        service = Service(name, self.folder, runner, **(ours | settings))
        self._programs.append(service)
        return service

    def start_up(self, *names: str) -> None:
        """Starts services, and waits until they have all that they need."""
        for service in [self.start(name) for name in names]:
            self.wait_up(service)

    def wait_up(self, service: Service) -> None:
        self.wait_for(service.is_up, f"{service.name} is up", UP_SECONDS)

    def wait_for(self, look: Callable[[], bool], what: str, seconds: float = 20) -> None:
        """Waits until `look` gives true, and all processes live meanwhile."""

        def looked() -> bool:
            self.check()
            return look()

        eventually(looked, what, seconds)

    def stop(self, name: str) -> dict[str, float]:
        """SIGTERM to a service; its last counts."""
        (service,) = [one for one in self._programs if one.name == name]
        if not isinstance(service, Service) or service.stop():
            raise BenchError(f"{name} has failed:\n{service.log()[-2000:]}")
        self._programs.remove(service)
        return service.counts()

    def script(self, path: Path, *arguments: str) -> Script:
        script = Script(path, self.folder, *arguments, AMQP_URL=self.vhost.amqp_url)
        self._programs.append(script)
        return script

    def end(self, script: Script) -> None:
        """Ends a script that has no end of its own."""
        script.process.kill()
        script.process.wait(10)
        self._programs.remove(script)

    def check(self) -> None:
        """Raises BenchError if a process has died by itself."""
        for program in self._programs:
            if program.process.poll():
                raise BenchError(f"{program.name} has died:\n{program.log()[-2000:]}")

    def cpu_seconds(self) -> dict[str, float]:
        """What each process here, and the broker, has used of a core so far (user and system).

        Of one that has ended by itself, what it had when it was last measured.
        """
        processes = [(program.name, program.process.pid) for program in self._programs]
        for name, pid in [*processes, ("broker", self.lab.broker_process.pid)]:
            with suppress(psutil.NoSuchProcess):
                times = psutil.Process(pid).cpu_times()
                self._cpu_seconds[name] = times.user + times.system
        return dict(self._cpu_seconds)

    def close(self) -> None:
        for program in self._programs:
            program.process.kill()
        for program in self._programs:
            program.process.wait(10)
        shutil.rmtree(self.folder)
        self.vhost.delete()


class Lab:
    """Holds what all measurements share: the broker, a trained model, a folder.

    A brief one is for a sign of life: its figures are of too few repeats to say anything.
    """

    def __init__(self, broker: PrivateRabbitMQ, folder: Path, *, brief: bool = False) -> None:
        self.brief = brief
        self._broker = broker
        self.folder = folder
        self.model_path = folder / "model.skops"
        self.onnx_path = folder / "model.onnx"
        pid = int((folder / "rabbitmq" / "rabbitmq.pid").read_text().split()[0])
        self.broker_process = psutil.Process(pid)
        if not self.broker_process.name().startswith("beam"):
            raise BenchError(f"the broker's process is not Erlang: {self.broker_process.name()}")
        subprocess.run(
            [sys.executable, ROOT / "model" / "src" / "train.py", "--onnx"],
            env=os.environ | {"MODEL_PATH": str(self.model_path)},
            stdout=subprocess.DEVNULL,
            check=True,
        )

    def sized(self, whole: T, brief: T) -> T:
        """Returns a size for a whole run, or the one for a brief run."""
        return brief if self.brief else whole

    def broker_version(self) -> str:
        vhost = self._vhost()
        version: str = vhost.manage("GET", "overview")["rabbitmq_version"]
        vhost.delete()
        return version

    @contextmanager
    def room(self) -> Iterator[Room]:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        room = Room(self, self._vhost(), folder)
        try:
            yield room
        finally:
            room.close()

    def _vhost(self) -> Vhost:
        return Vhost(self._broker.amqp_url, self._broker.management_url)


@contextmanager
def open_lab(*, brief: bool = False) -> Iterator[Lab]:
    """Everything is ended and removed when this is left, also by Ctrl-C."""
    parent = ROOT / ".local"
    parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as name:
        folder = Path(name)
        with PrivateRabbitMQ(folder / "rabbitmq") as broker:
            yield Lab(broker, folder, brief=brief)
