"""`python trainer/src/mlflow_export.py MODEL_ID`: records a stored model in an MLflow server.

MLFLOW_TRACKING_URI names the tracking server, MODEL_STORE the model store.
"""

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from pipeline.errors import PipelineError
from pipeline.model_store.records import RECORD, Model
from pipeline.model_store.store import ModelStore
from pipeline.settings import StoreSettings

INSTALL = (
    "`.venv/bin/pip install --require-hashes -r trainer/requirements-mlflow.txt`, or with Docker "
    "`docker compose build --build-arg EXTRA=mlflow trainer`"
)
EXPERIMENT = "streaming-inference"


class ExportError(PipelineError):
    """MLflow could not record the model."""


def export(store: ModelStore, model_id: str) -> str:
    """Makes a run of the model, with its files, and returns its id; repeated, it is the same run.

    Raises ExportError if there is no such model, or MLflow is missing or does not take it.
    """
    model = store.model(model_id)
    if model is None:
        raise ExportError(f"there is no model {model_id!r} in {store.url}")
    try:
        from mlflow.exceptions import MlflowException  # noqa: PLC0415  # an optional package
    except ImportError as error:
        raise ExportError(f"telling MLflow needs mlflow-skinny ({error}): {INSTALL}") from error
    try:
        return _tell(store, model)
    except (MlflowException, OSError) as error:
        reason = str(error).partition("\n")[0]
        raise ExportError(f"MLflow was not told of {model_id}: {reason}") from error


def _tell(store: ModelStore, model: Model) -> str:
    from mlflow import MlflowClient  # noqa: PLC0415
    from mlflow.entities import Metric, Param, RunTag  # noqa: PLC0415

    client = MlflowClient()
    found = client.get_experiment_by_name(EXPERIMENT)
    experiment = found.experiment_id if found else client.create_experiment(EXPERIMENT)
    time = int(datetime.fromisoformat(model.created_at).timestamp() * 1000)
    tag = {"model_id": model.model_id}  # it finds the run if the server's answer is lost
    (run,) = client.search_runs(
        [experiment], f"tags.model_id = '{model.model_id}'", max_results=1
    ) or [client.create_run(experiment, start_time=time, tags=tag, run_name=model.model_id)]
    metrics = {**(msgspec.to_builtins(model.metrics) or {}), "seconds": model.seconds}
    run_id = str(run.info.run_id)
    rows = model.rows_sha256 or None  # of a built-in data set there is none
    tags = {
        "job_id": model.job_id, "data_set": model.data_set, "rows_sha256": rows, **model.versions
    }  # fmt: skip
    params = {
        "algorithm": model.algorithm, "dataset_id": model.dataset_id, "target": model.target,
        "features": ",".join(model.features), **model.params,
    }  # fmt: skip
    client.log_batch(
        run_id,
        [Metric(name, value, time, 0) for name, value in metrics.items() if value is not None],
        [Param(name, str(value)) for name, value in params.items()],
        [RunTag(name, value) for name, value in tags.items() if value is not None],
    )
    with TemporaryDirectory() as folder:
        (Path(folder) / RECORD).write_bytes(msgspec.json.encode(model))
        for name in model.files:
            (Path(folder) / name).write_bytes(store.file(model, name))
        client.log_artifacts(run_id, folder)
    client.set_terminated(run_id, "FINISHED")
    return run_id


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Exports a stored model to MLflow.")
    parser.add_argument("model_id", metavar="MODEL_ID")
    model_id = parser.parse_args().model_id
    try:
        settings = StoreSettings.from_environment()
        if "MLFLOW_TRACKING_URI" not in os.environ:
            raise ExportError("MLFLOW_TRACKING_URI is not set: it names the MLflow server")
        print(f"{model_id} is run {export(ModelStore(settings.model_store), model_id)} of MLflow")
    except PipelineError as error:
        sys.exit(str(error))
