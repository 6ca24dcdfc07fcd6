"""Trainings of several data sets in the one queue: any trainer takes them all."""

from pathlib import Path

import msgspec

from pipeline.training import QUEUE, TASK, record_key
from redis_server import PrivateRedis
from support.tables import houses, write_data_set
from support.trainer_client import Trainings, model_of
from support.vhost import Vhost


def test_a_trainer_takes_the_trainings_of_all_data_sets(
    vhost: Vhost, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    """One of DATASET=iris has those of houses, and of diabetes from before there were others."""
    write_data_set(tmp_path / "datasets", houses())
    trainings = Trainings(vhost, redis_server.url, tmp_path)
    trainings.start(dataset="iris", datasets_dir=tmp_path / "datasets")
    try:
        house = trainings.ask(
            dataset_id="houses", features=["town", "rooms", "remarks"], target="price",
            algorithm="hist_gradient_boosting", params={"max_iter": 30}, data_set="houses",
        )  # fmt: skip
        flower = trainings.ask(
            dataset_id="iris", features=["petal_width", "petal_length"], target="species",
            algorithm="logistic", data_set="houses",
        )  # fmt: skip
        old = without_data_set(trainings)
        result = trainings.end_of(house)
        assert result["rmse"] < 80_000
        assert result["mae"] < result["baseline_mae"]
        model = trainings.store.model(model_of(house))
        assert model is not None
        assert (model.data_set, model.holdout_rows_seen) == ("houses", 0)
        assert model.notes[0].startswith("no model.onnx: it takes categories or text")
        assert trainings.files(house) == {"model.json", "model.skops"}
        assert (trainings.attempts(house, "houses"), trainings.attempts(house)) == (1, 0)

        assert trainings.end_of(flower)["accuracy"] > 0.9
        model = trainings.store.model(model_of(flower))
        assert model is not None
        assert model.data_set == "iris", "that of the rows, and not that of who has asked"
        assert model.metrics is not None
        assert model.metrics.majority_accuracy is not None
        assert "model.onnx" in model.files

        assert trainings.end_of(old)["model_id"] == model_of(old)
        assert trainings.attempts(old) == 1
        assert vhost.depth(QUEUE) == 0
    finally:
        trainings.trainer.kill()
        print(trainings.trainer.log())


def without_data_set(trainings: Trainings) -> str:
    """Asks as an earlier gateway does."""
    job_id = "00000000-0000-4000-8000-000000000001"
    argument = {
        "job_id": job_id, "model_id": model_of(job_id), "dataset_id": "diabetes",
        "features": ["bmi", "bp"], "target": "target", "algorithm": "linear", "params": {},
    }  # fmt: skip
    trainings.redis.hset(record_key(job_id), "request", msgspec.json.encode(argument))
    trainings.app.send_task(TASK, [argument], task_id=job_id)
    return job_id
