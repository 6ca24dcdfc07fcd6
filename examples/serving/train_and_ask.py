"""Trains a model on nine of the ten columns, and asks it by its id.

The gateway is at GATEWAY_URL, by default http://localhost:8000.
"""

import os
import time

import httpx

LEFT_OUT = "s6"

url = os.environ.get("GATEWAY_URL", "http://localhost:8000")
with httpx.Client(base_url=url, timeout=60) as gateway:
    columns = [column["name"] for column in gateway.get("/schema").json()["columns"]]
    nine = [name for name in columns if name != LEFT_OUT]

    # Training takes a while, so the answer is a job, and the id that the model will have.
    job = gateway.post("/train", json={"features": nine}).raise_for_status().json()
    while job["status"] not in {"completed", "failed", "cancelled"}:
        time.sleep(0.5)
        job = gateway.get(f"/job/{job['job_id']}").raise_for_status().json()
    model_id = job["model_id"]
    print("training", job["status"], model_id, f"MAE {job['mae']:.1f}")

    # A row that no model has seen, with its nine values by name, as a person measures them.
    row = gateway.get("/rows/random").raise_for_status().json()
    values = {name: row["values"][name] for name in nine}
    question = {"model_id": model_id, "data": values, "units": "raw"}
    answer = gateway.post("/predict", json=question, headers={"Prefer": "wait=30"})
    job = answer.raise_for_status().json()
    print("answer", job["status"], f"{job['prediction']:.1f}", "by", job["model_id"])

    # The label stays with the job: the rows of metric_log.csv are the live model's alone.
    told = gateway.post(f"/label/{job['job_id']}", json={"value": row["label"]})
    job = gateway.get(f"/job/{job['job_id']}").json()
    print("label", job["label"], f"error {job['absolute_error']:.1f}", end=" ")
    print("makes a row:", told.raise_for_status().json()["makes_row"])
