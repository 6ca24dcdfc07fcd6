"""make run DATASET=houses: there and back, what is refused, and a broker without its place."""

import re
from pathlib import Path

import pytest

from rabbitmq import PrivateRabbitMQ
from support.rows import read_rows, row_count
from support.runner import Runner, ask
from support.tables import HOUSES, houses, write_data_set
from support.waiting import eventually

ROWS = 20  # that come before the next step
LABEL_DELAY = 8  # seconds; what is left of it when a run ends waits in the broker
PATIENT = dict.fromkeys(("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"), 0.0)


def stream(runner: Runner, data_set: str) -> int:
    """A run with the gateway that is ended while rows wait; how many it has published."""
    runner.start("--serving", dataset=data_set, stream_rate=20, label_delay=LABEL_DELAY)
    logs = runner.logs_dir / ("" if data_set == "diabetes" else data_set)
    before = row_count(logs)
    eventually(lambda: row_count(logs) > before + ROWS, f"rows of {data_set}")
    if data_set == "diabetes":
        answer = eventually(
            lambda: ask(f"{gateway(runner)}predict", {"id": "open", "data": PATIENT}), ""
        )
        assert answer["status"] == "completed"
    runner.press_ctrl_c()
    assert row_count(logs) < before + runner.published(), "some wait for their labels"
    return runner.published()


def finish(runner: Runner, data_set: str, rows: int) -> set[str]:
    """A run that ends its stream at once, until there are so many rows; their ids."""
    runner.start("--serving", dataset=data_set, stream_rate=0, stream_count=1)
    logs = runner.logs_dir / ("" if data_set == "diabetes" else data_set)
    if data_set == "diabetes":
        taken = eventually(lambda: ask(f"{gateway(runner)}label/open", {"value": 151.0}), "it")
        assert taken["label"] == 151.0
    eventually(lambda: row_count(logs) == rows + 1, f"all rows of {data_set}")
    runner.press_ctrl_c()
    ids = set(read_rows(logs)["id"])
    assert len(ids) == rows + 1
    return ids


def gateway(runner: Runner) -> str:
    found = eventually(lambda: re.search("^ask the model: (.+)$", runner.output, re.M), "it")
    return found[1]


def test_there_and_back_each_row_is_in_its_file(runner: Runner) -> None:
    write_data_set(runner.root / "datasets", houses())
    published = stream(runner, "diabetes")
    published_of_houses = stream(runner, HOUSES.name)
    assert f"errors: {runner.logs_dir / HOUSES.name / 'metric_log.csv'}" in runner.output
    assert "train another: GATEWAY_URL=" in runner.output
    ids = finish(runner, "diabetes", published + 1)  # and the job
    assert "open" in ids
    assert ids.isdisjoint(finish(runner, HOUSES.name, published_of_houses))
    assert set(read_rows(runner.logs_dir)["id"]) == ids


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Houses", "DATASET='Houses' is not accepted: it must be diabetes, iris or the name of"),
        ("houses", "there is no data set 'houses': {root}/datasets/houses/schema.json: No such"),
    ],
)
def test_a_data_set_that_is_none_ends_it_at_once(runner: Runner, name: str, said: str) -> None:
    runner.start(dataset=name)
    assert runner.wait() == 1
    assert runner.output.startswith(said.format(root=runner.root))
    assert runner.output.count("\n") == 1
    assert not (runner.root / ".local" / "rabbitmq").exists()


def test_a_broker_without_its_virtual_host_is_told_of_with_the_cure(
    runner: Runner, rabbitmq: PrivateRabbitMQ, model_path: Path
) -> None:
    runner.start(dataset="iris", amqp_url=rabbitmq.amqp_url, model_path=model_path)
    said = r"metric is not ready; .*vhost iris not found'?\)?: .*`rabbitmqctl add_vhost iris` and "
    eventually(lambda: re.search(said, runner.output), "the cure")
    runner.press_ctrl_c()
