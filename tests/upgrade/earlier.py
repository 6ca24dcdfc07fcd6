"""Makes what users of an earlier version have: volumes, logs, `.env`, jobs and models, in use.

By hand: `PYTHONPATH=tests .venv/bin/python tests/upgrade/earlier.py FOLDER`. It checks that version
out into the folder, builds and runs it there, and stops services in the middle of their work. Any
later version goes on from there: put its files into the folder, and `docker compose up -d --build`.
"""

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

from compose.asking import PATIENT, ask, ended, train
from compose.stack import Stack, Tap, wait_for
from support.service import ROOT

COMMIT = "b8cdb6c"  # the version that everybody had before there was this test
PASSWORD = "kept-over-the-change"
SETTINGS = {
    "COMPOSE_PROFILES": "serving",
    "STREAM_RATE": 20,
    "LABEL_DELAY": 20,
    "METRIC_PASSWORD": PASSWORD,
}
WAITING = 40  # messages that at least wait in each queue at the end
BAD_LABEL = b'{"id":"bad-before","body":"151"}'


class Left(NamedTuple):
    """Holds what the earlier version has left behind, beside its volumes."""

    rows: set[str]  # the ids of all that it published, the labels of which may still be to come
    csv: bytes
    labels_log: bytes
    shadow_log: bytes
    live: str  # the model that answers
    shadow: str  # the one that is tried
    answered: Any  # the job "answered-before", completed; a label has not come
    queued: Any  # the job of a training that waits for a trainer


def check_out(folder: Path) -> None:
    """Puts the files of that version into a folder, as a clone has them.

    Raises AssertionError where the history is not there, as in a shallow clone.
    """
    archive = ["git", "archive", "--format=tar", COMMIT]
    done = subprocess.run(archive, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, (
        f"commit {COMMIT} is not here: git fetch --unshallow\n{done.stderr.decode()}"
    )
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as files:
        files.extractall(folder, filter="data")


def leave(stack: Stack) -> Left:
    """Runs the version in the stack's folder, and leaves it while everything is under way."""
    stack.configure(**SETTINGS)
    stack.up("rabbitmq")
    tap = Tap(stack, "features")
    stack.up()
    stack.wait_for_rows(20)
    answered = predict(stack, "answered-before", wait=20)
    predict(stack, "labelled-before", wait=20)
    assert ask(f"{stack.gateway}label/labelled-before", {"value": 151})[0] == 202
    live, shadow = (trained(stack, algorithm) for algorithm in ("linear", "ridge"))
    assert ask(f"{stack.gateway}models/{live}/promote", {"force": True})[0] == 200
    assert ask(f"{stack.gateway}models/{shadow}/shadow", method="POST")[0] == 200
    shadow_log = stack.logs / "metric_log_shadow.csv"
    wait_for(lambda: shadow_log.exists() and shadow_log.read_bytes().count(b"\n") > 5, "shadow")
    with stack.connect() as connection:
        connection.channel().basic_publish("", "y_true", BAD_LABEL)
    wait_for(lambda: stack.queue_depths()["dead_letters"] == 1, "the dead letter")
    queued = leave_work_undone(stack)
    rows = tap.ids("features") - {"answered-before", "asked-before"}  # no label was told of these
    logs = stack.logs
    return Left(
        rows,
        (logs / "metric_log.csv").read_bytes(),
        (logs / "labels_log.txt").read_bytes(),
        shadow_log.read_bytes(),
        live,
        shadow,
        answered,
        queued,
    )


def leave_work_undone(stack: Stack) -> Any:
    """Stops one service after the other, so that each queue holds what the next one has not done.

    Returns the job of a training that nobody has begun.
    """
    stack.compose("stop", "trainer")
    job = train(stack.gateway, "random_forest", n_estimators=20)
    stack.compose("stop", "metric")
    wait_for(lambda: stack.queue_depths()["y_pred"] >= WAITING, "predictions that wait")
    stack.compose("stop", "model")
    predict(stack, "asked-before")
    wait_for(lambda: stack.queue_depths()["features"] >= WAITING, "rows that wait")
    stack.compose("stop", "features")  # it ends when all that it published is confirmed
    return job


def predict(stack: Stack, job_id: str, wait: int = 0) -> Any:
    """A job, with its answer if that is waited for."""
    status, job = ask(f"{stack.gateway}predict", {"id": job_id, "data": PATIENT}, wait=wait)
    assert status == (200 if wait else 202), job
    return job


def trained(stack: Stack, algorithm: str) -> str:
    """The id of a model, once it is in the store."""
    return str(ended(stack.gateway, train(stack.gateway, algorithm)["job_id"])["model_id"])


if __name__ == "__main__":
    check_out(folder := Path(sys.argv[1]))
    print(leave(Stack(folder)).answered)
