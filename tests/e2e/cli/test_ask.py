"""`python -m pipeline ask` as a process, beside a real gateway, model, broker and Redis."""

import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.table import built_in
from pipeline.table.data_sets import load_schema
from pipeline_cli.row_input import of_words
from redis_server import PrivateRedis
from support.rows import read_rows, row_count
from support.service import Service
from support.tables import houses, write_data_set
from support.waiting import PATIENCE_SECONDS, eventually

Start = Callable[..., Service]
Ask = Callable[..., subprocess.CompletedProcess[str]]

PATIENT = "59 2 32.1 101 157 93.2 38 4 4.8598 87".split()  # noqa: SIM905  # as it is typed
HOUSE = ["4", "98.5", "Bern", "quiet, with a = b"]
KEY = "a-key"


@pytest.fixture
def data_set(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings of services of the data set that a test names; of the default one without."""
    write_data_set(tmp_path / "datasets", houses())
    name = getattr(request, "param", "diabetes")
    return {"dataset": name, "datasets_dir": tmp_path / "datasets"}


@pytest.fixture
def gateway(start: Start, redis_server: PrivateRedis, data_set: dict[str, Any]) -> str:
    """Its address."""
    service = start(
        "gateway", redis_url=redis_server.url, gateway_port=0, gateway_api_key=KEY, max_queue=3,
        **data_set,
    )  # fmt: skip
    found = eventually(lambda: re.findall(r"gateway at (\S+)", service.log()), "the gateway")
    return str(found[-1])


@pytest.fixture
def ask(gateway: str) -> Ask:
    """Runs the command to its end."""

    def run(*arguments: str, told: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"GATEWAY_URL": gateway, "GATEWAY_API_KEY": KEY} | settings
        done = subprocess.run(
            [sys.executable, "-m", "pipeline", "ask", *arguments],
            env=environment, input=told, capture_output=True, check=False,
            timeout=PATIENCE_SECONDS, text=True,
        )  # fmt: skip
        print(*arguments, done.returncode, done.stdout, done.stderr, sep="\n")
        assert "Traceback" not in done.stderr
        return done

    return run


def own_id() -> str:
    """The Redis is that of all tests."""
    return f"own-{uuid.uuid4()}"


def fields(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The fields that it printed, by name, without the unit of what is predicted."""
    lines = [
        re.split(r"\s{2,}", re.sub(" (points|€)$", "", line), maxsplit=1)
        for line in done.stdout.splitlines()
    ]
    return {line[0]: line[1] for line in lines if len(line) == 2}


def test_a_patient_is_predicted_labelled_and_joined(ask: Ask, start: Start, tmp_path: Path) -> None:
    both = start("model"), start("metric")
    eventually(lambda: all(service.is_up() for service in both), "model and metric")
    assert fields(ask("health"))["status"] == "ok"

    asked = ask("random", "--wait", "30")
    found = fields(asked)
    assert (asked.returncode, found["status"]) == (0, "completed")
    assert {*built_in.default().names} <= set(found)
    command = asked.stdout.splitlines()[-1].partition("ask ")[2].split()
    assert command == ["label", found["job id"], found["truth"]]

    assert ask(*command).returncode == 0
    eventually(lambda: row_count(tmp_path) == 1, "the row")
    (row,) = read_rows(tmp_path).itertuples()
    assert (row.id, f"{row.y_pred:.6g}") == (found["job id"], found["prediction"])
    again = fields(ask("job", found["job id"]))
    assert again["label"] == found["truth"]
    assert float(again["absolute error"]) == pytest.approx(row.absolute_error, rel=1e-5)

    assert ask(*command).returncode == 0  # the same again
    other = ask("label", found["job id"], "-1")
    assert (other.returncode, len(other.stderr.splitlines())) == (1, 1)


@pytest.mark.parametrize("data_set", ["iris"], indirect=True)
def test_a_flower_is_classified_labelled_and_joined(
    ask: Ask, start: Start, data_set: dict[str, Any], tmp_path: Path
) -> None:
    both = start("model", **data_set), start("metric", **data_set)
    eventually(lambda: all(service.is_up() for service in both), "model and metric")
    asked = ask("random", "--wait", "30")
    found = fields(asked)
    assert (asked.returncode, found["status"]) == (0, "completed")
    share, species = found["probabilities"].split()
    assert species == found["prediction"]

    assert ask(*asked.stdout.splitlines()[-1].partition("ask ")[2].split()).returncode == 0
    log = tmp_path / "iris"
    eventually(lambda: row_count(log) == 1, "the row")
    row = (log / "metric_log.csv").read_text().splitlines()[-1].split(",")
    assert row[:3] == [found["job id"], found["truth"], found["prediction"]]
    if species == found["truth"]:
        assert 1 - float(row[3]) == pytest.approx(float(share), abs=0.0006)
    refused = ask("label", found["job id"], "rose")
    assert (refused.returncode, "setosa versicolor virginica" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("data_set", "words"), [("diabetes", PATIENT), ("houses", HOUSE)], indirect=["data_set"]
)
def test_the_same_row_in_every_way(
    ask: Ask, start: Start, data_set: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    eventually(start("model", **data_set).is_up, "the model")
    schema = load_schema(*data_set.values())
    pairs = [f"{name}={value}" for name, value in zip(schema.names, words, strict=True)]
    ids = [own_id(), own_id()]
    values = ",".join(f'"{word}"' for word in words)
    csv = f"id,{','.join(schema.names)}\n{ids[0]},{values}\n{ids[1]},{values}\n"
    (tmp_path / "rows.json").write_text(json.dumps([of_words(words, schema)] * 2))
    predictions = [
        fields(ask("predict", *words, "--id", own_id(), "--wait", "30"))["prediction"],
        fields(ask("predict", *pairs, "--wait", "30"))["prediction"],
    ]
    table = ask("predict", "--file", "-", "--wait", "30", told=csv).stdout.splitlines()
    assert [line.split()[0] for line in table] == ["JOB", *ids]
    predictions += [line.split()[2] for line in table[1:]]
    lines = ask("predict", "--file", str(tmp_path / "rows.json"), "--json", "--wait", "30").stdout
    predictions += [f"{json.loads(line)['prediction']:.6g}" for line in lines.splitlines()]
    assert len(predictions) == 6
    assert len(set(predictions)) == 1


def test_a_job_is_followed_to_its_end(ask: Ask, start: Start) -> None:
    late = own_id()
    done = ask("predict", *PATIENT, "--id", late, "--wait", "1")
    assert (done.returncode, fields(done)["status"]) == (1, "processing")
    assert f"ask job {late} --follow" in done.stderr
    start("model")
    followed = ask("job", late, "--follow")
    assert followed.returncode == 0
    assert followed.stdout.splitlines()[-1].split()[:2] == [late, "completed"]


def test_what_the_gateway_refuses_is_told_in_a_line(ask: Ask) -> None:
    for arguments, settings, status, said in (
        (["job", "nobody"], {}, 1, "nobody"),
        (["job", "nobody"], {"GATEWAY_API_KEY": "other"}, 2, "GATEWAY_API_KEY is not"),
        (["predict", *PATIENT], {"GATEWAY_API_KEY": ""}, 2, "GATEWAY_API_KEY is not set"),
        (["predict", *PATIENT, "--id", "no,id"], {}, 1, "and not ','"),
    ):
        done = ask(*arguments, **settings)
        assert (done.returncode, done.stdout) == (status, "")
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
    own = own_id()
    assert ask("predict", *PATIENT, "--id", own, "--wait", "0").returncode == 0
    other = ask("predict", "-1", *PATIENT[1:], "--id", own, "--wait", "0")
    assert (other.returncode, other.stdout) == (1, "")
