"""`python -m pipeline train` beside a server of HTTP that answers as it is told."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from pipeline.training import ALGORITHMS, STAGES
from support.fake_gateway import Fake, refusal
from support.waiting import PATIENCE_SECONDS, eventually

WAITING = {
    "job_id": "j-1", "kind": "training", "status": "pending", "model_id": "ridge-7f3a9c2b41de",
    "stages": STAGES, "created_at": "2026-11-22T11:37:13.696000Z",
}  # fmt: skip
FITTING = WAITING | {"status": "processing", "stage": "fit", "percent": 50.0}
DONE = WAITING | {"status": "completed", "stage": "store", "rmse": 58.6012, "mae": 47.4988}
PROMOTABLE: dict[str, Any] = {"refusal": None}
FAILED = WAITING | {"status": "failed", "reason": "there is no data set clinic"}
CANCELLED = WAITING | {"status": "cancelled"}

Train = Callable[..., tuple[int, str, str]]


@pytest.fixture
def train(command: Train, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Runs it; exit status, stdout, stderr."""
    monkeypatch.setattr("pipeline_cli.train.POLL_SECONDS", 0.01)
    return partial(command, "train")


def tell(gateway: Fake, *answers: Any) -> None:
    gateway.tell(*((200, answer, {}) for answer in answers))


def test_a_training_is_watched_to_its_end(train: Train, gateway: Fake) -> None:
    tell(gateway, WAITING, FITTING, FITTING, DONE, PROMOTABLE)
    status, out, err = train()
    assert (status, err) == (0, "")
    command = f"GATEWAY_URL={gateway.url}/ {sys.orig_argv[0]} -m pipeline models"
    assert out.splitlines() == [
        "job id          j-1",
        "model id        ridge-7f3a9c2b41de",
        "status          completed",
        "RMSE            58.6012",
        "MAE             47.4988",
        "",
        f"try it in the shadow: {command} shadow ridge-7f3a9c2b41de",
        f"promote it: {command} promote ridge-7f3a9c2b41de",
    ]
    calls = [call for call, _, _ in gateway.asked]
    promotion = "GET /models/ridge-7f3a9c2b41de/promote"
    assert calls == ["POST /train", *["GET /job/j-1"] * 3, promotion]
    assert gateway.asked[0][2] == {}, "the gateway knows what is not said"


@pytest.mark.parametrize(
    ("errors", "shown"),
    [
        (
            {"rmse": 53.5, "mae": 42.1, "baseline_mae": 63.9},
            ["RMSE            53.5", "MAE             42.1 (63.9 by always telling the median)"],
        ),
        (
            {"accuracy": 0.97, "majority_accuracy": 1 / 3, "log_loss": 0.1, "half_brier": 0.02},
            [
                "accuracy        0.97 (0.333333 by always telling the most frequent class)",
                "log loss        0.1",
                "half Brier      0.02",
            ],
        ),
    ],
)
def test_the_errors_of_a_task_are_shown_beside_the_baseline(
    train: Train, gateway: Fake, errors: dict[str, float], shown: list[str]
) -> None:
    tell(gateway, WAITING, WAITING | {"status": "completed"} | errors, PROMOTABLE)
    status, out, _ = train()
    assert status == 0
    lines = out.splitlines()
    assert lines[3 : lines.index("")] == shown


def test_why_a_model_could_not_be_promoted_is_told_at_once(train: Train, gateway: Fake) -> None:
    tell(gateway, WAITING | {"warnings": ["it predicts s6", "\x1b[2J"]})
    _, out, _ = train("--no-wait", "--target", "s6")
    assert out.splitlines()[2:] == ["warning         it predicts s6", "warning         \\x1b[2J"]
    assert gateway.asked[0][2] == {"target": "s6"}
    assert json.loads(train("--json", "--no-wait")[1])["warnings"] == ["it predicts s6", "\x1b[2J"]


def test_a_training_on_the_hold_out_is_told(train: Train, gateway: Fake) -> None:
    tell(gateway, WAITING, DONE | {"holdout_rows_seen": 71}, {"refusal": "71 of the 89 rows"})
    status, out, _ = train()
    assert status == 0
    assert "hold-out seen   71 rows: can only be promoted by force" in out.splitlines()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, {"refusal": "it takes dose"}, {}), "it cannot be promoted as it is: it takes dose"),
        (refusal(404, "no model"), "cannot tell whether it can be promoted: no model"),
    ],
)
def test_no_command_is_printed_that_would_be_refused(
    train: Train, gateway: Fake, answer: Any, said: str
) -> None:
    gateway.tell((200, WAITING, {}), (200, DONE, {}), answer)
    status, out, _ = train()
    assert status == 0, "the model is there"
    assert out.splitlines()[-1] == said
    assert " models " not in out


def test_in_a_container_what_is_printed_is_for_the_machine_around_it(
    train: Train, gateway: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOWN_COMMAND", "docker compose run --rm pipeline")
    tell(gateway, WAITING, DONE, PROMOTABLE)
    command = "docker compose run --rm pipeline models promote ridge-7f3a9c2b41de"
    assert train()[1].splitlines()[-1] == f"promote it: {command}"
    assert "\n  docker compose run --rm pipeline train --dataset" in train("--help")[1]


def test_what_is_to_be_trained_is_as_it_was_said(
    train: Train, gateway: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_API_KEY", "a-key")
    tell(gateway, WAITING, DONE, PROMOTABLE)
    params = ["alpha=0.5", "max_depth=null", "max_features=sqrt", "name=a=b"]
    status, _, _ = train(
        *("--algorithm", "linear", "--dataset", "clinic", "--features", 'bmi, "bp, mmHg"'),
        *("--target", "score", *(f"--param={param}" for param in params)),
    )
    assert status == 0
    assert gateway.asked[0][1]["x-api-key"] == "a-key"
    assert gateway.asked[0][2] == {
        "dataset_id": "clinic", "features": ["bmi", "bp, mmHg"], "target": "score",
        "algorithm": "linear",
        "params": {"alpha": 0.5, "max_depth": None, "max_features": "sqrt", "name": "a=b"},
    }  # fmt: skip


def test_help_names_each_algorithm(train: Train) -> None:
    status, out, _ = train("--help")
    assert status == 0
    assert all(name in out for name in ALGORITHMS)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (FAILED, "reason          there is no data set clinic"),
        (CANCELLED, "status          cancelled"),
    ],
)
def test_without_a_model_it_has_failed(train: Train, gateway: Fake, end: Any, said: str) -> None:
    tell(gateway, WAITING, end)
    status, out, _ = train()
    assert status == 1
    assert said in out.splitlines()
    assert " models " not in out


def test_a_program_is_told_each_change(train: Train, gateway: Fake) -> None:
    tell(gateway, WAITING, WAITING, FITTING, FITTING, DONE)
    status, out, err = train("--json")
    assert (status, err) == (0, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert [each["status"] for each in told] == ["pending", "processing", "completed"]
    assert (told[1]["stage"], told[1]["percent"], told[2]["rmse"]) == ("fit", 50, 58.6012)


def test_who_does_not_wait_is_told_the_ids(train: Train, gateway: Fake) -> None:
    tell(gateway, WAITING)
    status, out, _ = train("--no-wait")
    assert (status, len(gateway.asked)) == (0, 1)
    assert [line.split()[-1] for line in out.splitlines()] == ["j-1", "ridge-7f3a9c2b41de"]


def test_asked_again_it_is_the_same_training(
    train: Train, gateway: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    gateway.tell(refusal(503, "no broker"), None, (202, WAITING, {}))
    status, _, err = train("--no-wait")
    assert (status, len(gateway.asked)) == (0, 3)
    assert "no broker; trying again" in err
    assert len({headers["idempotency-key"] for _, headers, _ in gateway.asked}) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--param", "alpha"], "name=value, not 'alpha'"),
        (["--param", "=1"], "name=value, not '=1'"),
        (["--features", "age,,bmi"], "quotes where one has a comma, not 'age,,bmi'"),
        (["--features", 'age,"bmi'], "quotes where one has a comma, not 'age,\"bmi'"),
        (["--features", ""], "quotes where one has a comma, not ''"),
    ],
)
def test_wrong_usage_is_told_before_a_training_is_asked_for(
    train: Train, gateway: Fake, arguments: list[str], said: str
) -> None:
    status, out, err = train(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert not gateway.asked


def test_what_the_gateway_refuses_is_told_in_a_line(train: Train, gateway: Fake) -> None:
    gateway.tell(refusal(422, [{"loc": ["body", "algorithm"], "msg": "no such", "type": "x"}]))
    assert train("--algorithm", "svm") == (1, "", "algorithm: no such\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, CANCELLED, {}), "the training j-1 is cancelled"),
        (refusal(409, "it has ended"), "the training j-1 could not be cancelled: it has ended"),
    ],
)
def test_ctrl_c_cancels_it(gateway: Fake, answer: Any, said: str) -> None:
    is_asked = threading.Event()

    def answers() -> Iterator[Any]:
        yield 200, WAITING, {}
        while not is_asked.is_set():
            yield 200, FITTING, {}
        yield answer

    gateway.answers = answers()
    command = [sys.executable, "-m", "pipeline", "train"]
    environment = os.environ | {"GATEWAY_URL": gateway.url}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        eventually(lambda: len(gateway.asked) > 1, "it watches")
        is_asked.set()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert err.splitlines() == [said]
    assert gateway.asked[-1][0] == "POST /job/j-1/cancel"


def test_a_person_sees_a_bar_of_the_stages(gateway: Fake) -> None:
    tell(gateway, WAITING, FITTING, DONE, PROMOTABLE)
    terminal, end = pty.openpty()
    termios.tcsetwinsize(end, (24, 80))
    with os.fdopen(terminal, "rb"):
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "train"],
            env=os.environ | {"GATEWAY_URL": gateway.url},
            stdout=subprocess.PIPE, stderr=end, check=False, timeout=PATIENCE_SECONDS,
        )  # fmt: skip
        os.close(end)
        shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", os.read(terminal, 1 << 16).decode())
    assert done.returncode == 0
    assert re.search(r"pending +━+ +0%", shown)
    assert re.search(r"fit +━+[╸╺]?━* +50%", shown)  # two stages are done, and half of the third
    assert re.search(r"store +━+ +100%", shown)


def test_without_a_terminal_there_is_no_bar_and_no_colour(gateway: Fake) -> None:
    tell(gateway, WAITING, FITTING, DONE, PROMOTABLE)
    done = subprocess.run(
        [sys.executable, "-m", "pipeline", "train"],
        env=os.environ | {"GATEWAY_URL": gateway.url, "FORCE_COLOR": "1"},
        capture_output=True, check=False, timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"\x1b" not in done.stdout
