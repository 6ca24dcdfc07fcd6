"""A private Redis, run by the `redis-server` that is installed: the jobs of the gateway."""

import os
from pathlib import Path

from child_process import ChildProcess
from packages import Package
from servers import PrivateServer, free_ports, reply, wait_until_ready

REDIS = Package(
    "Redis",
    apt="redis-server",
    brew="redis",
    otherwise="""\
- or use one that is there: REDIS_URL=redis://localhost:6379/0 make run SERVING=1
- or run everything in containers: docker compose --profile serving up -d""",
)

CONFIG = Path(__file__).resolve().parents[1] / "redis" / "redis.conf"
STOP_SECONDS = 10.0


class PrivateRedis(PrivateServer):
    """A Redis of our own, whatever else runs on the machine.

    Only this machine reaches it, at `url`. Its data are in `folder`, and are there again at the
    next start, even after a kill; a folder serves one Redis at a time.
    """

    title = REDIS.title

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        (self._port,) = free_ports(1)
        self.url = f"redis://127.0.0.1:{self._port}/0"
        command: list[str | Path] = [REDIS.server, CONFIG, "--dir", self._folder]
        command += ["--port", str(self._port), "--bind", "127.0.0.1"]
        command += ["--set-proc-title", "no"]  # else a later run would not recognise its arguments
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        self._child = ChildProcess("redis", command, self._folder, env, cwd=self._folder)
        self.log = self._child.log

    @property
    def exit_status(self) -> int | None:
        """Exit status; None while it runs, and before its first start."""
        return self._child.exit_status

    def start(self) -> None:
        """Starts it, or restarts it with its data and port; returns when it answers.

        Raises ServerError with the end of its log if that takes longer than a minute.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._child.start()
            wait_until_ready(self.title, self._folder, self._child, self._answers)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends it in good order."""
        self._child.stop(STOP_SECONDS)

    def kill(self) -> None:
        """Kills it (SIGKILL), as a power cut would."""
        self._child.kill()

    def _answers(self) -> bool:
        """Returns True once it answers; while it reads its data, it answers with an error."""
        return reply(self._port, b"PING\r\n").startswith(b"+PONG")
