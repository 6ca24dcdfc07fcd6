"""make run: broker and services started, watched, and stopped with nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from servers import free_ports
from supervisor import Supervisor
from support.pages import next_event
from support.processes import assert_gone, family
from support.rows import read_rows, row_count
from support.runner import Runner, ask
from support.vhost import Vhost
from support.waiting import eventually


def train(gateway: str) -> Any:
    """What the command tells in the end."""
    command = [sys.executable, "-m", "pipeline", "train", "--algorithm=linear", "--json"]
    told = subprocess.run(
        command, env=os.environ | {"GATEWAY_URL": gateway}, capture_output=True, check=True
    )
    return json.loads(told.stdout.splitlines()[-1])


def test_so_many_rows_and_it_ends(runner: Runner, vhost: Vhost) -> None:
    as_in_jupyter = "module://matplotlib_inline.backend_inline"
    runner.start("--rows", "200", amqp_url=vhost.amqp_url, mplbackend=as_in_jupyter)
    assert runner.wait() == 0
    assert len(read_rows(runner.logs_dir)) == 200
    assert (runner.logs_dir / "error_distribution.png").stat().st_size > 0
    assert "200 rows published, 200 joined, 200 distinct ids, MAE" in runner.output
    assert "0 pending, 0 dead-lettered" in runner.output


def test_with_the_gateway_the_model_can_be_asked(
    runner: Runner, vhost: Vhost, model_path: Path
) -> None:
    settings = {"amqp_url": vhost.amqp_url, "model_path": model_path, "stream_rate": 1}
    runner.start("--serving", **settings)
    found = eventually(lambda: re.search("^ask the model: (.+)$", runner.output, re.M), "it")
    features = dict.fromkeys(("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"), 0.0)
    row = {"id": "asked", "data": features}
    answer = eventually(lambda: ask(f"{found[1]}predict", row), "an answer")
    assert answer["status"] == "completed"
    by_id = runner.root / ".local" / "status" / "model-by-id.json"
    assert eventually(by_id.exists, "a process for models by their ids")
    assert json.loads(by_id.read_bytes())["service"] == "model-by-id"

    redis = runner.root / ".local" / "redis" / "redis.pid"
    os.kill(int(redis.read_text().split()[0]), signal.SIGKILL)
    eventually(lambda: "Redis ended with status -9, restarting it" in runner.output, "the news")
    assert (
        eventually(lambda: ask(f"{found[1]}job/asked"), "the same")["prediction"]
        == (answer["prediction"])
    )

    trained = train(found[1])
    assert (trained["status"], trained["model_id"][:7]) == ("completed", "linear-")
    assert (runner.root / "models" / "models" / trained["model_id"] / "model.skops").exists()

    all_of_it = family(runner.process.pid)
    os.killpg(runner.process.pid, signal.SIGINT)
    assert runner.wait() == 0
    assert_gone(all_of_it)


def test_from_nothing_to_ctrl_c(runner: Runner) -> None:
    runner.start(stream_rate=50)
    eventually(lambda: row_count(runner.logs_dir) > 20, "rows")
    assert json.loads(runner.get("health")) == {"status": "ok"}
    eventually(lambda: next_event(runner.page, "pipeline")["broker"]["reachable"], "the broker")
    assert "features" in next_event(runner.page, "pipeline")["queues"]

    second = [sys.executable, str(runner.root / "local" / "run.py")]
    refusal = subprocess.run(second, capture_output=True, text=True, check=False)
    assert refusal.returncode == 1
    assert refusal.stderr.count("\n") == 1
    assert f"already running in this checkout (process {runner.process.pid})" in refusal.stderr

    os.kill(runner.pid("model"), signal.SIGKILL)
    eventually(lambda: "model ended with signal SIGKILL" in runner.output, "the news of it")
    rows = row_count(runner.logs_dir)
    eventually(lambda: row_count(runner.logs_dir) > rows + 20, "more rows")

    all_of_it = family(runner.process.pid)
    assert len(all_of_it) > 6  # the runner, four services, the broker
    assert not (runner.root / ".local" / "redis").exists()
    os.killpg(runner.process.pid, signal.SIGINT)
    assert runner.wait() == 0
    assert_gone(all_of_it)
    assert f"{len(read_rows(runner.logs_dir))} joined" in runner.output


def test_the_page_is_at_the_port_that_was_asked_for(
    runner: Runner, vhost: Vhost, model_path: Path
) -> None:
    (port,) = free_ports(1)
    runner.start(amqp_url=vhost.amqp_url, model_path=model_path, plot_port=port)
    assert runner.page == f"http://localhost:{port}/"
    assert b"<html" in runner.get("")


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
    assert runner.output.count("plot ended with status 1, restarting it") == 5
    assert runner.output.rstrip().endswith("a bug")


# --- how far it is


def test_a_service_that_gets_no_broker_is_shown_as_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("supervisor.READY_SECONDS", 0.5)
    names = ["model", "mine"]
    for name in names:
        (tmp_path / name / "src").mkdir(parents=True)
        script = "import time; print('no broker', flush=True); time.sleep(99)"
        (tmp_path / name / "src" / f"{name}.py").write_text(script)
    news: list[str] = []
    supervisor = Supervisor(tmp_path, tmp_path / ".local", os.environ, news.append, names)
    supervisor.start()

    def all_not_ready() -> bool:
        supervisor.check()
        return set(supervisor.states.values()) == {"not ready"}

    eventually(all_not_ready, "that is noticed")
    supervisor.stop()
    assert news == [f"{name} is not ready; last log line: no broker" for name in names]
