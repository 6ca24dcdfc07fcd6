"""A model stored as ONNX, run by ONNX Runtime without scikit-learn."""

import os
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.messages import FEATURE_COUNT
from pipeline.model_store.records import MAX_MODEL_BYTES

INSTALL = (
    "`.venv/bin/pip install --require-hashes -r model/requirements-onnx.txt`, or with Docker "
    "`MODEL_EXTRA=onnx MODEL_PATH=model/model.onnx docker compose up -d --build model`"
)
MAX_SESSION_BYTES = 192 * 2**20  # of all sessions together; the default model takes one
NUMBERS: dict[str, type[np.float64 | np.float32]] = {
    "tensor(double)": np.float64,
    "tensor(float)": np.float32,
}


class OnnxModel:
    """Predicts like a scikit-learn model: numbers of shape (n, columns) to shape (n,).

    Raises ModelError if ONNX Runtime is missing, or `content` is not a model of such a shape.
    """

    def __init__(self, content: bytes, name: str, columns: int = FEATURE_COUNT) -> None:
        self._session = _session(content, name)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if [len(inputs), len(outputs)] != [1, 1]:
            raise ModelError(
                f"{name} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each"
            )
        self._input, self._output = inputs[0].name, outputs[0].name
        self.number = _number(inputs[0], name, columns)

    def predict(self, features: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        rows = features.astype(self.number, copy=False)
        if not np.isfinite(rows).all():  # scikit-learn's trees, which take floats, also refuse it
            raise ValueError(f"a feature is too large for {self.number.__name__}")
        (values,) = self._session.run([self._output], {self._input: rows})
        if values.shape == (len(rows), 1):
            values = values.reshape(-1)
        return np.asarray(values, np.float64)


def _session(content: bytes, name: str) -> Any:
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
