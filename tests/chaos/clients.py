"""Clients of the gateway that do what a careful client does, and remember all that they were told.

Each asks for rows until they are taken, always as the same request, then for the predictions,
now and then for an earlier one again, and tells the true values.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any

from pipeline import dataset
from support.pages import events
from support.waiting import PATIENCE_SECONDS

RETRY_SECONDS = 0.2
ANSWER_SECONDS = 15.0  # longer than the gateway itself waits for anything
AWAY = (OSError, http.client.HTTPException)
FEATURES = dataset.whole().features
ENDS = list(zip(FEATURES.min(axis=0).tolist(), FEATURES.max(axis=0).tolist(), strict=True))
TAKEN, GONE, TRY_AGAIN = (200, 202), (404, 410), (429, 503)


class Caller:
    """A connection, kept, to one of several gateways; to the next one when it fails."""

    def __init__(self, addresses: Sequence[str], dice: Random) -> None:
        self._addresses = dice.sample(addresses, len(addresses))
        self._connection: http.client.HTTPConnection | None = None

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Status and body of the answer to one try."""
        with self.answer_to(method, path, body, headers or {}) as answer:
            return answer.status, json.loads(answer.read())

    def persist(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """The same until it is neither an error of the connection, nor 429 or 503."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            told: object
            try:
                status, told = self.call(method, path, body, headers)
                if status not in TRY_AGAIN:
                    return status, told
            except AWAY as error:
                told = repr(error)
            assert time.monotonic() < deadline, f"{method} {path}: still {told}"
            time.sleep(RETRY_SECONDS)

    @contextmanager
    def answer_to(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer as it comes; one of which not all is read ends the connection."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._addresses[0], timeout=ANSWER_SECONDS
            )
        text = None if body is None else json.dumps(body)
        is_whole = False
        try:
            self._connection.request(
                method, path, text, {"Content-Type": "application/json", **headers}
            )
            answer = self._connection.getresponse()
            yield answer
            is_whole = answer.isclosed()
        except AWAY:
            self._addresses.append(self._addresses.pop(0))
            raise
        finally:
            if not is_whole:
                self._connection.close()
                self._connection = None


class Client(threading.Thread):
    """Asks for one thing after the other until `finished` is set, or does so by hand, with ask().

    What it was told: `rows` of all jobs that were taken, by id; for each of them every prediction
    that it ever had; the `labels` that were taken; and the jobs that nobody knew any more.
    """

    def __init__(self, addresses: Sequence[str], seed: float, finished: threading.Event) -> None:
        super().__init__(daemon=True)
        self.rows: dict[str, list[float]] = {}
        self.predictions: dict[str, set[float]] = {}
        self.labels: dict[str, float] = {}
        self.lost: set[str] = set()
        self.failure: BaseException | None = None
        self._dice = Random(seed)
        self._caller = Caller(addresses, self._dice)
        self._finished = finished

    def run(self) -> None:
        try:
            while not self._finished.wait(self._dice.uniform(0, 0.2)):
                self.ask()
        except BaseException as failure:  # of a thread: told at the end
            self.failure = failure

    def ask(self) -> None:
        """Asks, until all is answered and labelled."""
        job_ids = self._ask()
        steps = [self._follow, self._label]
        for job_id in job_ids:
            for step in self._dice.sample(steps, len(steps)):  # a label may also come first
                step(job_id)
        self.look(self._dice.choice(list(self.rows)))

    def look(self, job_id: str) -> bool:
        """Whether the job is completed now; notes its prediction."""
        status, job = self._caller.persist("GET", f"/job/{job_id}")
        self._note(job_id, status, job)
        return job_id in self.lost or job["status"] == "completed"

    def _ask(self) -> list[str]:
        """The ids of the jobs, once they are taken."""
        chance = self._dice.random
        count = self._dice.choice([1, 1, 1, 5])
        rows = [[self._dice.uniform(*ends) for ends in ENDS] for _ in range(count)]
        own = [f"own:{self._dice.getrandbits(64):x}" for _ in rows]
        one = count == 1 and chance() < 0.8  # or a list of one
        body: dict[str, object] = {"data": rows[0] if one else rows}
        headers = {"Prefer": "wait=2"} if chance() < 0.2 else {}
        if chance() < 0.2:
            body["id"] = own[0] if one else own
        else:
            headers["Idempotency-Key"] = own[0]
        job_ids = self._post(body, headers)
        if chance() < 0.2:
            assert self._post(body, headers) == job_ids
        self.rows |= zip(job_ids, rows, strict=True)
        return job_ids

    def _post(self, body: dict[str, object], headers: Mapping[str, str]) -> list[str]:
        status, told = self._caller.persist("POST", "/predict", body, headers)
        assert status in TAKEN, (status, told)
        jobs = told.get("jobs", [told])
        for job in jobs:
            self._note(job["job_id"], 200, job)
        return [job["job_id"] for job in jobs]

    def _follow(self, job_id: str) -> None:
        """Until it is completed: by asking, or by being told."""
        listens = self._dice.random() < 0.5
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.look(job_id):
            assert time.monotonic() < deadline, f"no answer to {job_id}"
            if listens:
                self._listen(job_id)
            else:
                time.sleep(RETRY_SECONDS)

    def _listen(self, job_id: str) -> None:
        """Until the job, or its gateway, has ended."""
        try:
            with self._caller.answer_to("GET", f"/job/{job_id}/events", None, {}) as answer:
                if answer.status == 200:
                    for _, job in events(answer):
                        self._note(job_id, 200, job)
                else:
                    answer.read()
                    time.sleep(RETRY_SECONDS)
        except AWAY:
            time.sleep(RETRY_SECONDS)

    def _label(self, job_id: str) -> None:
        value = float(self._dice.randint(25, 346))
        for _ in range(self._dice.choice([1, 1, 2])):
            told = self._caller.persist("POST", f"/label/{job_id}", {"value": value})
            assert told == (
                202,
                {"job_id": job_id, "label": value, "makes_row": True, "warnings": []},
            )
        self.labels[job_id] = value

    def _note(self, job_id: str, status: int, job: Any) -> None:
        if status in GONE:
            self.lost.add(job_id)
            return
        assert (status, job["job_id"]) == (200, job_id), (status, job)
        assert job["status"] != "failed", job
        if job["prediction"] is not None:
            self.predictions.setdefault(job_id, set()).add(job["prediction"])
