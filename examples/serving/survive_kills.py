"""Asks for the scores of 900 long reviews, three times, and kills the model twice meanwhile.

The gateway is at GATEWAY_URL, by default http://localhost:8000, and was started by `make run` in
this folder: .local/log/model.pid names the model's process, and `make run` starts it again.
"""

import os
import signal
import threading
import time
from pathlib import Path

import httpx

KILLS = 2
REVIEW = "The soup was terrible, and the waiters were awful. Never again. "
REVIEWS, TIMES = 900, 60  # 3.5 MB of text: the model takes a second or more
QUESTIONS = 3  # of which we follow the last one: the model is still at the others
PID_FILE, LOG = Path(".local/log/model.pid"), Path(".local/log/model.log")

gateway = httpx.Client(base_url=os.environ.get("GATEWAY_URL", "http://localhost:8000"), timeout=120)


def connections() -> int:
    """Returns how often a process of the model has connected, to take what waits for it."""
    return LOG.read_text().count("consuming: connected to")


def follow(job_id: str) -> None:
    """Prints the states that the gateway pushes, as server-sent events."""
    with gateway.stream("GET", f"/job/{job_id}/events") as events:
        for line in events.iter_lines():
            if line.startswith("data: "):
                print("pushed", line.removeprefix("data: ").partition(',"reason"')[0], flush=True)


before = connections()
question = {"data": [{"review": REVIEW}, *[{"review": REVIEW * TIMES}] * (REVIEWS - 1)]}
for _ in range(QUESTIONS):
    jobs = gateway.post("/predict", json=question).raise_for_status().json()["jobs"]
job_id = jobs[0]["job_id"]
follower = threading.Thread(target=follow, args=[job_id])
follower.start()
for kill in range(KILLS):
    while connections() < before + kill:
        time.sleep(0.05)
    time.sleep(0.2)  # it has the questions, and is at them
    state = gateway.get(f"/job/{job_id}").json()["status"]
    pid = int(PID_FILE.read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    print(f"killed the model, process {pid}, while the job is {state}", flush=True)
follower.join()

states = [gateway.get(job["location"]).json()["status"] for job in jobs]
print(states.count("completed"), "of", len(jobs), "completed")
job = gateway.get(f"/job/{job_id}").json()
print("the first", job["status"], f"{job['prediction']:.2f}", "by", job["model_id"])
