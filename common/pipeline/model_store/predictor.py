"""The model: loaded without running anything from its file, and predicting one row or many."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from pipeline.errors import ModelError
from pipeline.model_store import fingerprint
from pipeline.model_store.model_input import MisfitError, ModelInput, of_default
from pipeline.model_store.model_output import asking
from pipeline.model_store.outcomes import Failed, Outcome
from pipeline.table.matrix import Matrix
from pipeline.table.value_errors import listed

SLICE_SECONDS = 1.0  # of predicting, about, before the next check for a stop
MAX_SLICE_ROWS = 2000
GROWTH = 8
PICKLE_ENDINGS = {".pkl", ".pickle", ".joblib"}


class Predictor:
    """Wraps anything with scikit-learn's predict(), and predict_proba() if it tells probabilities.

    `model_id` identifies the model: for a file that is in no store it is the start of the SHA-256,
    and for a model without a file it is empty. `taken` says what it takes of a row; by default it
    is a model of the diabetes data set.
    """

    def __init__(self, estimator: Any, model_id: str = "", taken: ModelInput | None = None) -> None:
        """Raises ModelError if the model was trained on classes that the schema does not have."""
        self._taken = taken or of_default()
        self._ask = asking(estimator, self._taken.schema)
        self.model_id = model_id
        self._slice_rows = 1  # rows that take SLICE_SECONDS, as far as that is known

    @classmethod
    def load(cls, path: Path) -> Self:
        """Loads a model of the diabetes data set, as training leaves it.

        Raises ModelError, saying what to do, if it is not one we may load.
        """
        try:
            content = path.read_bytes()
        except OSError as error:
            train = (
                "`.venv/bin/python model/src/train.py --onnx` writes one, with Docker "
                "`MODEL_EXTRA=onnx MODEL_PATH=model/model.onnx docker compose up -d --build model`"
                if _is_onnx(path)
                else "`make train` writes one"
            )
            raise ModelError(f"no model at {path} ({error.strerror}): {train}") from error
        if path.suffix in PICKLE_ENDINGS or content[:1] == b"\x80":
            raise ModelError(
                f"{path} is a pickle, and loading a pickle can run any code: store the model with "
                "skops.io.dump(model, 'model.skops') instead, where it was trained"
            )
        fingerprint.check(content, path)
        return cls.of(content, path, fingerprint.model_id(content))

    @classmethod
    def of(cls, content: bytes, path: Path, model_id: str, taken: ModelInput | None = None) -> Self:
        """Loads a model from a file's content; `path` tells its form, and is named in errors.

        Raises ModelError if it is not a model that we may load, and MisfitError if it predicts
        nothing from what it is to take of a row.
        """
        taken = taken or of_default()
        estimator = estimator_of(content, path, taken)
        try:
            predictor = cls(estimator, model_id, taken)
            outcome = predictor.predict([taken.plausible_row()])[0]
        except ModelError as error:
            outcome = Failed(str(error))
        if isinstance(outcome, Failed):
            told = "number" if taken.schema.task == "regression" else "class"
            raise MisfitError(
                f"{path} does not predict one {told} from {len(taken.features)} "
                f"({listed(taken.features)}): {outcome.reason}{_origin(content, path)}"
            )
        return predictor

    def predict(
        self, rows: Sequence[Sequence[Any]], between: Callable[[], None] = lambda: None
    ) -> list[Outcome]:
        """Returns for each row of the data set its prediction, or why there is none.

        A row on which the model fails does not affect the others. Long work is done in slices of
        one to two seconds; `between` is called between two, and may raise.
        """
        features = self._taken.array(rows)
        if refused := self._taken.refusals(features):
            fitting = iter(self._in_slices(np.delete(features, [*refused], axis=0), between))
            return [
                Failed(refused[index]) if index in refused else next(fitting)
                for index in range(len(features))
            ]
        return self._in_slices(features, between)

    def needs_slices(self, rows: int) -> bool:
        """Returns True if predicting this many rows takes long, as far as is known."""
        return rows > self._slice_rows

    def _in_slices(self, features: Matrix, between: Callable[[], None]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while (start := len(outcomes)) < len(features):
            if start:
                between()
            part = features[start : start + self._slice_rows]
            before = time.monotonic()
            outcomes += self._predict(part, between)
            self._note(len(part), time.monotonic() - before)
        return outcomes

    def _note(self, rows: int, seconds: float) -> None:
        """Adapts the slices to the time one took, so that each takes one to two SLICE_SECONDS.

        A full slice that took less is at least doubled: most of its time may be the call itself.
        """
        fitting = int(rows * SLICE_SECONDS / max(seconds, 1e-6))
        if seconds > 2 * SLICE_SECONDS:
            self._slice_rows = max(1, fitting)
        elif seconds <= SLICE_SECONDS and rows == self._slice_rows:
            self._slice_rows = min(max(fitting, 2 * rows), GROWTH * rows, MAX_SLICE_ROWS)

    def _predict(self, features: Matrix, between: Callable[[], None]) -> list[Outcome]:
        try:
            with np.errstate(all="ignore"):
                return self._ask(features)
        except Exception as error:  # a model may fail in any way
            if len(features) == 1:
                return [Failed(f"the model failed on this row: {error}")]
            between()
            half = len(features) // 2
            halves = (features[:half], features[half:])
            return [outcome for part in halves for outcome in self._predict(part, between)]


def _is_onnx(path: Path) -> bool:
    return path.suffix == ".onnx"


def _origin(content: bytes, path: Path) -> str:
    if _is_onnx(path):
        return ""
    from pipeline.model_store import skops_model  # noqa: PLC0415

    return skops_model.origin(content)


def estimator_of(content: bytes, path: Path, taken: ModelInput) -> Any:
    """Returns the model in a file; its suffix tells the form. Raises ModelError if it is no model.

    Only the library that the file needs is imported: each costs memory.
    """
    if _is_onnx(path):
        from pipeline.model_store import onnx_model  # noqa: PLC0415

        if not taken.is_numeric:
            raise ModelError(f"{path} is ONNX, which is for models that take numbers alone")
        return onnx_model.load(content, str(path), len(taken.features), taken.schema.task)
    from pipeline.model_store import skops_model  # noqa: PLC0415

    return skops_model.load(content, path)


def is_whole(content: bytes, path: Path) -> bool:
    """Returns True if a file can be opened, as no half of one can; its model is not asked."""
    try:
        if _is_onnx(path):
            from pipeline.model_store import onnx_model  # noqa: PLC0415

            onnx_model.session(content, str(path))
        else:
            from pipeline.model_store import skops_model  # noqa: PLC0415

            skops_model.load(content, path)
    except ModelError:
        return False
    return True
