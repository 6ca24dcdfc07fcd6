"""examples/serving: each program beside `make run`, as its README says."""

import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest

from support.rows import row_count
from support.runner import Runner, ask
from support.service import ROOT
from support.waiting import PATIENCE_SECONDS, eventually

EXAMPLES = ROOT / "examples" / "serving"


def gateway_of(runner: Runner) -> str:
    found = eventually(lambda: re.search("^ask the model: (.+)$", runner.output, re.M), "it")
    return str(found[1])


def told(runner: Runner, program: str) -> list[str]:
    """The lines that the program prints, once the run has all and its rows come."""
    gateway = gateway_of(runner)
    eventually(lambda: ask(f"{gateway}health") and row_count(runner.logs_dir) > 0, "all, and rows")
    done = subprocess.run(
        [sys.executable, EXAMPLES / program],
        env=os.environ | {"GATEWAY_URL": gateway},
        cwd=runner.root, capture_output=True, text=True, timeout=2 * PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_model_of_nine_columns_is_trained_and_asked_by_its_id(
    runner: Runner, model_path: Path
) -> None:
    runner.start("--serving", model_path=model_path)
    training, answer, label = told(runner, "train_and_ask.py")
    (model_id,) = re.findall(r"^training completed (ridge-\S+) MAE [\d.]+$", training)
    assert re.fullmatch(rf"answer completed [\d.]+ by {model_id}", answer)
    assert re.fullmatch(r"label [\d.]+ error [\d.]+ makes a row: False", label)
    runner.press_ctrl_c()


def test_a_job_goes_through_its_states_until_it_has_expired(runner: Runner) -> None:
    runner.logs_dir = runner.logs_dir / "iris"
    runner.start("--serving", dataset="iris", job_ttl=5)
    *states, prediction, at_once, gone = told(runner, "job_states.py")
    assert states[-1] == "completed"
    assert [each for each in ("pending", "processing", "completed") if each in states] == states
    assert re.fullmatch(r"setosa \{'setosa': 0\.\d+, .+\}", prediction)
    assert at_once.endswith(" 202 at once")
    assert re.fullmatch(r"410 the job flower-\S+ has expired", gone)
    runner.press_ctrl_c()


@pytest.fixture
def reviews(runner: Runner) -> Runner:
    """A checkout that has taken in the reviews."""
    copytree(ROOT / "examples" / "reviews", runner.root / "examples" / "reviews")
    subprocess.run(
        [
            *(sys.executable, "-m", "pipeline", "dataset", "init"),
            *(runner.root / "examples/reviews/reviews.csv", "--target", "score"),
        ],
        env=os.environ | {"DATASETS_DIR": str(runner.root / "datasets")},
        check=True,
    )
    runner.logs_dir = runner.logs_dir / "reviews"
    return runner


def test_a_model_that_is_killed_twice_has_answered_all(reviews: Runner) -> None:
    reviews.start("--serving", dataset="reviews")
    lines = told(reviews, "survive_kills.py")
    kills = [line for line in lines if line.startswith("killed the model")]
    assert len(kills) == 2
    assert all(line.endswith("while the job is processing") for line in kills)
    pushed = [line for line in lines if line.startswith("pushed")]
    assert '"status":"processing"' in pushed[0]
    assert '"status":"completed"' in pushed[-1]
    assert lines[-2] == "900 of 900 completed"
    (score,) = re.findall(r"^the first completed (\S+) by \S+$", lines[-1])
    assert float(score) < 0
    reviews.press_ctrl_c()
