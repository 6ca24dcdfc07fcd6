"""A gateway as a process, asked as any client may."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from support.service import Service
from support.vhost import Vhost
from support.waiting import PATIENCE_SECONDS, eventually

# the first patient of the data set: as measured, and as scikit-learn scales it
MEASURED = {
    "age": 59, "sex": 2, "bmi": 32.1, "bp": 101, "s1": 157,
    "s2": 93.2, "s3": 38, "s4": 4, "s5": 4.8598, "s6": 87,
}  # fmt: skip
SCALED = [
    0.038075906433423026, 0.05068011873981862, 0.061696206518683294, 0.0218723855140367,
    -0.04422349842444599, -0.03482076283769895, -0.04340084565202491, -0.002592261998183278,
    0.019907486170462722, -0.01764612515980379,
]  # fmt: skip
TRAINING: dict[str, Any] = {
    "dataset_id": "diabetes",
    "features": list(MEASURED),
    "target": "target",
    "algorithm": "random_forest",
    "params": {"max_depth": 3, "max_features": 0.5, "bootstrap": True, "criterion": "poisson"},
}
JSON = {"Content-Type": "application/json"}
WAIT = {"Prefer": "wait=30"}  # as long as it waits at all


class Gateway:
    """Waits until it listens. `headers` go with each request."""

    def __init__(self, service: Service, **headers: str) -> None:
        self.service = service
        found: list[str] = eventually(
            lambda: re.findall(r"gateway at (\S+)", service.log()), "the gateway's address"
        )
        self.address = found[-1]
        self.port = httpx.URL(self.address).port or 80
        self.http = httpx.Client(
            base_url=self.address, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False
        )

    def wait_until_well(self) -> None:
        eventually(lambda: self.http.get("/health").is_success, "a gateway that is well")

    def wait_until_ill(self) -> dict[str, Any]:
        """What /health tells then."""
        eventually(lambda: self.http.get("/health").status_code == 503, "a gateway that is ill")
        health: dict[str, Any] = self.http.get("/health").json()
        return health

    def predict(self, data: Any, headers: dict[str, str] | None = None, **more: Any) -> Any:
        """Posts the body that has these fields."""
        return self.http.post("/predict", json={"data": data, **more}, headers=headers or {})

    def train(self, key: str = "", **fields: Any) -> Any:
        """Asks for TRAINING, but for these fields."""
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post("/train", json=TRAINING | fields, headers=headers)

    def cancel(self, job_id: str) -> Any:
        return self.http.post(f"/job/{job_id}/cancel")

    def post(self, path: str, body: bytes, **headers: str) -> Any:
        """Posts bytes as they are."""
        return self.http.post(path, content=body, headers=JSON | headers)

    def job(self, job_id: str) -> Any:
        return self.http.get(f"/job/{job_id}")

    def label(self, job_id: str, value: float | str) -> Any:
        return self.http.post(f"/label/{job_id}", json={"value": value})

    def ended(self, job_id: str) -> dict[str, Any]:
        """The job when it has ended."""

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.job(job_id).json()
            return job if job["status"] in {"completed", "failed"} else None

        return eventually(look, f"the end of {job_id}")

    @contextmanager
    def events(self, job_id: str) -> Iterator[Iterator[tuple[str, Any]]]:
        """Kind and data of each event of a job as it comes."""
        with self.http.stream("GET", f"/job/{job_id}/events") as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].startswith("text/event-stream")
            yield _events(answer.iter_lines())

    def count(self, metric: str) -> float:
        """What /metrics tells of it now; 0 if it does not name it."""
        found = re.findall(rf"^{re.escape(metric)} (\S+)$", self.http.get("/metrics").text, re.M)
        return float(found[0]) if found else 0

    def answers(self, outcome: str) -> float:
        """How many answers of the model were kept, repeated or dropped."""
        return self.count(f'gateway_answers_total{{outcome="{outcome}"}}')

    def close(self) -> None:
        self.http.close()


class Serving(NamedTuple):
    """Two gateways that share the work, a model and metric, on a virtual host of their own."""

    gateway: Gateway
    other: Gateway
    vhost: Vhost
    logs_dir: Path


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)
