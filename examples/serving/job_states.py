"""Asks for one flower: a job at once, its states as they come, and 410 once it has expired.

The gateway is at GATEWAY_URL, by default http://localhost:8000. It keeps a job for JOB_TTL seconds,
an hour by default: start it with JOB_TTL=10 to see the end.
"""

import os
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx

url = os.environ.get("GATEWAY_URL", "http://localhost:8000")
job_id = f"flower-{uuid.uuid4()}"  # an id of our own: it can be looked up before we have the answer
with httpx.Client(base_url=url, timeout=60) as gateway, ThreadPoolExecutor() as other:
    question = {"data": [[5.1, 3.5, 1.4, 0.2]], "id": [job_id]}
    asked = other.submit(gateway.post, "/predict", json=question)
    shown = ""
    while (found := gateway.get(f"/job/{job_id}")).status_code != httpx.codes.GONE:
        if found.status_code == httpx.codes.NOT_FOUND:  # not written yet: only a moment ago asked
            continue
        job = found.raise_for_status().json()
        if job["status"] != shown:
            shown = job["status"]
            print(shown)
            if shown == "completed":
                print(job["prediction"], job["probabilities"])
                print("the question was answered with", asked.result().status_code, "at once")
        time.sleep(0.1 if shown == "completed" else 0)
    print(found.status_code, found.json()["detail"])
