"""A trainer of another data set than the default one: it leaves the trainings where they are."""

from pathlib import Path

from redis_server import PrivateRedis
from support.trainer_client import Trainings, model_of
from support.vhost import Vhost


def test_a_training_waits_until_the_default_data_set_is_back(
    vhost: Vhost, redis_server: PrivateRedis, tmp_path: Path
) -> None:
    trainings = Trainings(vhost, redis_server.url, tmp_path)
    trainings.start()  # declares the queue
    assert trainings.trainer.stop() == 0
    job_id = trainings.ask(algorithm="linear", params={})
    trainings.start(dataset="houses")
    try:
        assert vhost.depth("train") == 1
        assert vhost.consumers("train") == 0
        said = "DATASET is 'houses', and models can be trained only for 'diabetes' so far"
        assert said in trainings.trainer.log()
        assert trainings.trainer.stop() == 0
        trainings.start()
        assert trainings.end_of(job_id)["model_id"] == model_of(job_id)
    finally:
        trainings.trainer.kill()
        print(trainings.trainer.log())
