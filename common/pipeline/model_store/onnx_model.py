"""A model stored as ONNX, run by ONNX Runtime without scikit-learn; it takes numbers alone."""

import os
from functools import cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.model_store.records import MAX_MODEL_BYTES
from pipeline.table.schema import Task

INSTALL = (
    "`.venv/bin/pip install --require-hashes -r model/requirements-onnx.txt`, or with Docker "
    "`MODEL_EXTRA=onnx MODEL_PATH=model/model.onnx docker compose up -d --build model`"
)
MAX_SESSION_BYTES = 192 * 2**20  # of all sessions together; the default model takes one
TEXTS = "tensor(string)"
CLASSES = "classes"  # in the metadata: a JSON list, in the order of the probabilities
NUMBERS: dict[str, type[np.float64 | np.float32]] = {
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
}


class OnnxModel:
    """Predicts like a scikit-learn model: numbers of shape (n, columns) to shape (n,)."""

    def __init__(self, session: Any, name: str, columns: int) -> None:
        """Raises ModelError if the model in the session is not one of such a shape."""
        self._session = session
        inputs = session.get_inputs()
        self._outputs = [output.name for output in session.get_outputs()]
        if [len(inputs), len(self._outputs)] != [1, 1]:
            raise ModelError(
                f"{name} has {len(inputs)} inputs and {len(self._outputs)} outputs, not one of each"
            )
        self._input = inputs[0].name
        self.number = _number(inputs[0], name, columns)

    def predict(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        values = self._run(features, 0)
        if values.shape == (len(features), 1):
            values = values.reshape(-1)
        return np.asarray(values, np.float64)

    def _run(self, features: npt.NDArray[np.float64], output: int) -> npt.NDArray[Any]:
        rows = features.astype(self.number, copy=False)
        if np.isinf(rows).any():  # scikit-learn's trees, which take floats, also refuse it
            raise ValueError(f"a feature is too large for {self.number.__name__}")
        (values,) = self._session.run([self._outputs[output]], {self._input: rows})
        return np.asarray(values)


class OnnxClassifier(OnnxModel):
    """Predicts classes, as texts of shape (n,).

    Further outputs are not looked at: which column is of which class is not known.
    """

    def __init__(self, session: Any, name: str, columns: int) -> None:
        """Raises ModelError if the model in the session tells no classes from such numbers."""
        self._session = session
        inputs, outputs = session.get_inputs(), session.get_outputs()
        kind = outputs[0].type if outputs else "nothing"
        if len(inputs) != 1 or kind != TEXTS:
            raise ModelError(
                f"{name} has {len(inputs)} inputs, and gives {kind} first: a model for classes has "
                "one input, and gives the classes first, as texts"
            )
        self._outputs = [output.name for output in outputs]
        self._input = inputs[0].name
        self.number = _number(inputs[0], name, columns)

    def predict(self, features: npt.NDArray[np.float64]) -> npt.NDArray[Any]:
        return self._run(features, 0)


class OnnxProbabilities(OnnxClassifier):
    """Predicts probabilities too, of the classes that the file names in its metadata."""

    def __init__(self, session: Any, name: str, columns: int, classes: list[str]) -> None:
        super().__init__(session, name, columns)
        self.classes_ = classes

    def predict_proba(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self._run(features, 1).astype(np.float64)


def load(content: bytes, name: str, columns: int, task: Task = "regression") -> OnnxModel:
    """Returns the model in a file's content.

    Raises ModelError if ONNX Runtime is missing, or it is no model that takes so many columns.
    """
    opened = session(content, name)
    if task == "regression":
        return OnnxModel(opened, name, columns)
    text = opened.get_modelmeta().custom_metadata_map.get(CLASSES)
    if text is None:
        return OnnxClassifier(opened, name, columns)
    try:
        classes = msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError as error:
        raise ModelError(f"{name} has {CLASSES}={text!r} in its metadata: {error}") from error
    return OnnxProbabilities(opened, name, columns, classes)


def session(content: bytes, name: str) -> Any:
    """Opens a file's content. Raises ModelError if ONNX Runtime is missing, or cannot."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # since 1.29 it would report each start to Microsoft
    try:
        import onnxruntime  # noqa: PLC0415  # not needed without an ONNX file
    except ImportError as error:
        raise ModelError(f"{name} needs ONNX Runtime ({error}): {INSTALL}") from error
    options = onnxruntime.SessionOptions()
    # More threads cost more than they gain: rows are few, and threads that wait for work spin.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors only; those that matter are raised
    # Weights in other files would escape the SHA-256: they are looked for where there are none.
    folder = "session.model_external_initializers_file_folder_path"
    options.add_session_config_entry(folder, os.devnull)
    if len(content) <= MAX_MODEL_BYTES:  # only the model of MODEL_PATH may be larger
        _bound_memory()
        options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        # Constant folding takes memory beyond the bound, and gains nothing for a few rows.
        return onnxruntime.InferenceSession(
            content, options, ["CPUExecutionProvider"], disabled_optimizers=["ConstantFolding"]
        )
    except Exception as error:  # a foreign file may fail in any way
        raise ModelError(f"{name} is not an ONNX model that can be run: {error}") from error


@cache
def _bound_memory() -> None:
    """Bounds the memory of all sessions of this process: a few bytes of ONNX can ask for any."""
    import onnxruntime  # noqa: PLC0415

    memory = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    bounds = onnxruntime.OrtArenaCfg({"max_mem": MAX_SESSION_BYTES})
    onnxruntime.create_and_register_allocator(memory, bounds)


def _number(taken: Any, name: str, columns: int) -> type[np.float64 | np.float32]:
    """Returns the type of number that a model's input takes."""
    if taken.type not in NUMBERS:
        raise ModelError(f"{name} takes {taken.type}: its input must be one of {[*NUMBERS]}")
    rows, *width = taken.shape or [None]
    if len(width) != 1 or (isinstance(width[0], int) and width[0] != columns):
        raise ModelError(f"{name} takes shape {taken.shape}, not any number of rows of {columns}")
    if isinstance(rows, int):
        raise ModelError(
            f"{name} takes exactly {rows} rows at a time: store it with a first dimension that "
            "is free (a dynamic axis)"
        )
    return NUMBERS[taken.type]
