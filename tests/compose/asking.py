"""The gateway's calls, over HTTP."""

import json
import urllib.error
import urllib.request
from typing import Any

from compose.stack import wait_for
from pipeline.table import built_in
from support.waiting import PATIENCE_SECONDS

NAMES = built_in.default().names
PATIENT = dict.fromkeys(NAMES, 0.01)


def ask(url: str, body: Any = None, *, method: str | None = None, wait: int = 0) -> tuple[int, Any]:
    """Status and body of an answer; with a body, one to a POST."""
    headers = {"Content-Type": "application/json"} | ({"Prefer": f"wait={wait}"} if wait else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=PATIENCE_SECONDS
        ) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def train(gateway: str, algorithm: str, **params: Any) -> Any:
    """The job of a training, just asked for."""
    request = {
        "dataset_id": "diabetes", "features": NAMES, "target": "target",
        "algorithm": algorithm, "params": params,
    }  # fmt: skip
    status, job = ask(f"{gateway}train", request)
    assert status == 202, job
    return job


def ended(gateway: str, job_id: str) -> Any:
    """The job once it is completed."""

    def look() -> Any:
        job = ask(f"{gateway}job/{job_id}")[1]
        assert job["status"] in {"pending", "processing", "completed"}, job
        return job if job["status"] == "completed" else None

    return wait_for(look, f"the end of {job_id}")
