"""A model from its request to the store: what cannot be made is refused, and leaves nothing."""

from pathlib import Path

import numpy as np
import pytest

import train_model
from pipeline.errors import ModelError
from pipeline.model_store.store import ModelStore
from pipeline.training import ALGORITHMS_OF, TrainingError, TrainingRequest
from train_model import files_of, train_and_store


def trained_on(store: ModelStore, csv: str, algorithm: str) -> None:
    folder = Path(store.url, "datasets")
    folder.mkdir(exist_ok=True)
    (folder / "own.csv").write_text(csv)
    request = TrainingRequest(
        job_id="j", model_id="m", dataset_id="own", features=["a", "b"], target="y",
        algorithm=algorithm,
    )  # fmt: skip
    train_and_store(request, store, Path("none"), lambda _: None)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of numbers that are too large
@pytest.mark.parametrize(
    ("algorithm", "scale"),
    [*((each, 1e200) for each in ALGORITHMS_OF["regression"]), ("ridge", 1e-300)],
)
def test_numbers_that_cannot_be_computed_with_leave_no_record(
    tmp_path: Path, algorithm: str, scale: float
) -> None:
    """An error that is infinite would be a null in model.json, and no list of models be read."""
    store = ModelStore(str(tmp_path))
    rows = np.random.default_rng(0).normal(size=(60, 3)) * [1 / scale, 1 / scale, scale]
    csv = "a,b,y\n" + "".join(",".join(map(repr, row)) + "\n" for row in rows.tolist())
    with pytest.raises(
        TrainingError, match=f"{algorithm} cannot be trained on data set 'own': "
    ) as e:
        trained_on(store, csv, algorithm)
    assert "\n" not in str(e.value)
    assert store.models() == []


def test_a_model_that_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_model, "MAX_MODEL_BYTES", 100)
    with pytest.raises(ModelError, match=r"a model of .* bytes is too large, the most is 100"):
        files_of(np.zeros(3), np.zeros((1, 10)))
