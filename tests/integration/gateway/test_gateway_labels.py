"""A label shows in its job once the broker has it, and so becomes a row: whatever ends before."""

import signal
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from chaos import crash_at
from support.gateway_client import SCALED, WAIT, Gateway
from support.rows import read_rows, row_count
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

CRASH_AT = Path(crash_at.__file__)
StartGateway = Callable[..., Gateway]


def shown(gateway: Gateway, job_id: str) -> tuple[float | None, float | None]:
    job = gateway.job(job_id).json()
    return job["label"], job["absolute_error"]


@pytest.mark.parametrize(
    "point", ["before a label is published", "before a published label is noted"]
)
def test_a_kill_leaves_no_error_without_a_row(
    start: Callable[..., Service], start_gateway: StartGateway, tmp_path: Path, point: str
) -> None:
    start("model")
    start("metric")
    doomed = start_gateway(runner=[CRASH_AT, point, "1"])
    job_id = doomed.predict(SCALED, WAIT).json()["job_id"]
    with pytest.raises(httpx.HTTPError):
        doomed.label(job_id, 151)
    assert doomed.service.wait() == -signal.SIGKILL
    doomed.service.log_file.unlink()  # or its address would be taken for that of the next
    gateway = start_gateway()
    assert shown(gateway, job_id) == (None, None)
    refused = gateway.label(job_id, 152)
    assert (refused.status_code, "151" in refused.json()["detail"]) == (409, True)
    assert gateway.label(job_id, 151).status_code == 202
    label, error = shown(gateway, job_id)
    eventually(lambda: row_count(tmp_path) == 1, "its row")
    (row,) = read_rows(tmp_path).to_dict("records")
    assert (row["id"], row["y_true"], row["absolute_error"]) == (job_id, 151, pytest.approx(error))
    assert label == 151
    assert gateway.label(job_id, 151).status_code == 202
    other_id = gateway.predict(SCALED, WAIT).json()["job_id"]
    gateway.label(other_id, 5)
    eventually(lambda: row_count(tmp_path) > 1, "the next row")
    assert list(read_rows(tmp_path)["id"]) == [job_id, other_id], "one row, however often told"


def test_one_that_the_broker_has_not_taken_is_not_shown(
    start_gateway: StartGateway, vhost: Vhost
) -> None:
    gateway = start_gateway()
    job_id = gateway.predict(SCALED).json()["job_id"]
    vhost.put("answers", b'{"id": "%s", "body": 150}' % job_id.encode())
    gateway.ended(job_id)
    vhost.permit("guest", write=r"^(?!edge\.y_true$).*")
    answer = gateway.label(job_id, 151)
    assert answer.status_code == 503
    assert shown(gateway, job_id) == (None, None)
    vhost.permit("guest")
    eventually(lambda: gateway.label(job_id, 151).status_code == 202, "a label that is taken")
    assert shown(gateway, job_id) == (151, 1)
    assert job_id.encode() in vhost.wait_for("y_true")[1]
